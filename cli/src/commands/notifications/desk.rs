//! A client of the notifications service.

use anyhow::{Context, Result, bail};
use clap::Args;
use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::commands::problem::words;

/// Where notifications is, and who asks.
#[derive(Debug, Clone, Args)]
pub(super) struct Desk {
    /// Base address of notifications.
    #[arg(
        id = "notifications-url",
        long = "notifications-url",
        env = "NOTIFICATIONS_URL",
        default_value = "http://127.0.0.1:8084"
    )]
    url: String,
    /// Bearer token: a JWT, or the service's operator token. Not needed on its own machine where it has none.
    #[arg(long = "notifications-token", env = "NOTIFICATIONS_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,
}

impl Desk {
    /// An answer's JSON; an empty object where it has none.
    ///
    /// # Errors
    /// When the service does not answer, or with its problem's own words when it refuses.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let client = Client::builder().no_proxy().build()?;
        let mut request = client.request(method, format!("{}{path}", self.url.trim_end_matches('/')));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = || format!("notifications at {} does not answer (--notifications-url)", self.url);
        let response = request.send().await.map_err(reqwest::Error::without_url).with_context(unreachable)?;
        let status = response.status();
        let answer = response.json::<Value>().await.unwrap_or_else(|_| json!({}));
        if status.is_success() {
            return Ok(answer);
        }
        bail!("{status}: {}", words(&answer))
    }
}
