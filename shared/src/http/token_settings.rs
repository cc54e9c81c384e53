//! Settings for callers' tokens. `--help` is the reference; each setting also has a variable.

use std::path::PathBuf;

use clap::Args;

use super::{Expected, Tokens};

/// How callers' tokens are checked. Without a key every token is refused.
#[derive(Debug, Clone, Args)]
pub struct TokenSettings {
    /// The secret that signs callers' tokens (JWT, HS256): a file of at least 32 bytes.
    #[arg(long, env = "JWT_SECRET_FILE", conflicts_with = "jwt_public_key_file")]
    pub jwt_secret_file: Option<PathBuf>,
    /// The public key that checks callers' tokens (JWT, RS256 or ES256): a PEM file.
    #[arg(long, env = "JWT_PUBLIC_KEY_FILE")]
    pub jwt_public_key_file: Option<PathBuf>,
    /// The issuer a token must name [default: any]
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// The audience a token must name [default: any]
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
}

impl TokenSettings {
    /// What checks the tokens.
    ///
    /// # Errors
    /// When the key's file cannot be read or holds none.
    pub fn tokens(&self) -> anyhow::Result<Tokens> {
        let expected = Expected { issuer: self.jwt_issuer.clone(), audience: self.jwt_audience.clone() };
        match (&self.jwt_secret_file, &self.jwt_public_key_file) {
            (Some(secret), _) => Tokens::hs256(secret, &expected),
            (None, Some(key)) => Tokens::public_key(key, &expected),
            (None, None) => Ok(Tokens::refused()),
        }
    }
}
