//! order-status, as a customer who takes an order back sees it, and a bank that takes money back.

use anyhow::{Context, Result, anyhow};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
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

/// How an order has ended, as far as its customer's bank sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its money was taken, and not given back.
    Charged,
    /// No money, or none any more.
    NotCharged,
    /// It has not ended.
    Open,
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
        let answer = self.post(order, "cancel", &json!({ "reason": reason })).await?;
        match answer.status() {
            StatusCode::ACCEPTED => Ok(Cancelled::Asked),
            StatusCode::CONFLICT => Ok(Cancelled::TooLate),
            status => Err(anyhow!("{status}")).with_context(|| format!("cancelling {order}")),
        }
    }

    /// Waits for a while until an order has ended.
    ///
    /// # Errors
    /// When order-status does not answer, or not with the order.
    pub async fn end(&self, order: Uuid) -> Result<End> {
        let url = format!("{}/orders/{order}?wait=final&timeout=20s", self.url);
        let shown: Value = self.send(self.client.get(url)).await?.error_for_status()?.json().await?;
        Ok(match shown["state"].as_str() {
            Some("Fulfilled") => End::Charged,
            Some("InProgress" | "Parked") => End::Open,
            _ => End::NotCharged,
        })
    }

    /// Passes on what was learned of an order.
    ///
    /// # Errors
    /// When order-status does not take it.
    pub async fn label(&self, order: Uuid, label: &Value) -> Result<()> {
        let answer = self.post(order, "label", label).await?;
        answer.error_for_status().with_context(|| format!("labelling {order}")).map(drop)
    }

    async fn post(&self, order: Uuid, what: &str, body: &Value) -> Result<Response> {
        self.send(self.client.post(format!("{}/orders/{order}/{what}", self.url)).json(body)).await
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        answer.with_context(|| format!("order-status at {} does not answer", self.url))
    }
}
