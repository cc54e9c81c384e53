//! Settings. `--help` is the reference; each setting also has a variable.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use orderflow::config::Common;

use crate::http::principal::{Expected, Tokens};

/// Shows where each order stands and how it got there; takes cancels and reviews.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "order-status",
    version,
    after_help = "Examples:\n  \
        order-status --listen 127.0.0.1:8082\n  \
        order-status --listen 0.0.0.0:8082 --jwt-public-key-file issuer.pem --operator-token \"$OPERATOR_TOKEN\"\n\n\
        Then:\n  \
        curl 'http://127.0.0.1:8082/orders/<ORDER-ID>?wait=final&timeout=30s'"
)]
pub struct Settings {
    /// Where orders are shown.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8082")]
    pub listen: SocketAddr,
    /// Most requests handled at once, those that wait apart; more are answered 503.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_in_flight: u16,
    /// Most long polls and streams of events at once; more are answered 503.
    #[arg(long, env = "MAX_WAITING", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_waiting: u16,
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
    /// The runtime's settings.
    #[command(flatten)]
    pub common: Common,
}

impl Settings {
    /// What checks callers' tokens.
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Settings::command().debug_assert();
    }
}
