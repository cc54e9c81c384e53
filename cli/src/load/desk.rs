//! order-status, as a customer who takes an order back sees it.

use anyhow::{Context, Result, anyhow};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

/// Where orders are taken back.
#[derive(Clone)]
pub struct Desk {
    client: Client,
    url: String,
    token: Option<SecretString>,
}

/// What became of a request to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is on the log; whoever holds the order's fate decides.
    Asked,
    /// The order was finished.
    TooLate,
}

impl Desk {
    /// At the order-status with this address.
    #[must_use]
    pub fn at(client: Client, url: &str, token: Option<SecretString>) -> Self {
        Self { client, url: url.trim_end_matches('/').to_owned(), token }
    }

    /// Asks to cancel an order.
    ///
    /// # Errors
    /// When order-status does not answer, or with neither yes nor no.
    pub async fn cancel(&self, order: Uuid, reason: &str) -> Result<Cancelled> {
        let url = format!("{}/orders/{order}/cancel", self.url);
        let mut request = self.client.post(url).json(&json!({ "reason": reason }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        match answer.with_context(|| format!("order-status at {} does not answer", self.url))?.status() {
            StatusCode::ACCEPTED => Ok(Cancelled::Asked),
            StatusCode::CONFLICT => Ok(Cancelled::TooLate),
            status => Err(anyhow!("{status}")).with_context(|| format!("cancelling {order}")),
        }
    }
}
