//! Settings of the gateway's callbacks.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use orderflow::fault::Fault;
use secrecy::SecretString;

use super::secrets::{lines, trimmed};

/// What the gateway says by itself.
#[derive(Debug, Clone, Args)]
pub struct WebhookSettings {
    /// Where the gateway's callbacks are taken in, when there is a secret to check them with.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8084")]
    pub listen: SocketAddr,
    /// The signing secrets of the gateway's callbacks, separated by commas: several while one is replaced by the next.
    #[arg(
        long = "gateway-webhook-secrets",
        env = "GATEWAY_WEBHOOK_SECRETS",
        value_name = "SECRETS",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub secrets: Vec<SecretString>,
    /// A file with those secrets, one a line, instead.
    #[arg(
        long = "gateway-webhook-secrets-file",
        env = "GATEWAY_WEBHOOK_SECRETS_FILE",
        value_name = "FILE",
        conflicts_with = "secrets"
    )]
    pub secrets_file: Option<PathBuf>,
}

impl WebhookSettings {
    /// The secrets, wherever they are given; none when callbacks are not taken in.
    ///
    /// # Errors
    /// `Fatal` when their file cannot be read or is empty.
    pub fn secrets(&self) -> Result<Vec<SecretString>, Fault> {
        match &self.secrets_file {
            Some(file) => lines(file),
            None => Ok(self.secrets.iter().filter_map(trimmed).collect()),
        }
    }
}
