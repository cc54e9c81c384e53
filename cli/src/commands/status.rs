//! A client of order-status: what its commands share.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::problem::words;
use crate::load::Desk;

/// Where order-status is, and who asks.
#[derive(Debug, Clone, Args)]
pub(super) struct Status {
    /// Base address of order-status.
    #[arg(
        id = "status-url",
        long = "status-url",
        env = "ORDER_STATUS_URL",
        default_value = "http://127.0.0.1:8082"
    )]
    url: String,
    /// Bearer token: a JWT, or the service's operator token. Not needed on its own machine where it has none.
    #[arg(long = "status-token", env = "ORDER_STATUS_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,
}

impl Status {
    /// An answer's JSON.
    ///
    /// # Errors
    /// When the service does not answer, or with its problem's own words when it refuses.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        let request = self.request(Client::get, path)?;
        Ok(self.send(request).await?.json().await?)
    }

    /// As [`Self::get`], of a command with this body.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.request(Client::post, path)?.json(body);
        Ok(self.send(request).await?.json().await?)
    }

    /// A stream of server-sent events, after the event with this id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) async fn follow(&self, path: &str, last: Option<&str>) -> Result<Response> {
        let mut request = self.request(Client::get, path)?.header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = self.send(request).await?;
        // So says the service to whoever has had all there is.
        ensure!(response.status() != StatusCode::NO_CONTENT, "there is nothing more to follow");
        Ok(response)
    }

    /// The same, for those who only cancel.
    pub(super) fn desk(&self, client: Client) -> Desk {
        Desk::at(client, &self.url, self.token.clone())
    }

    fn request(&self, method: fn(&Client, String) -> RequestBuilder, path: &str) -> Result<RequestBuilder> {
        let client = Client::builder().no_proxy().build()?;
        let request = method(&client, format!("{}{path}", self.url.trim_end_matches('/')));
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let unreachable = || format!("order-status at {} does not answer (--status-url)", self.url);
        let response = request.send().await.map_err(reqwest::Error::without_url).with_context(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        match response.json::<Value>().await {
            Ok(problem) => bail!("{}", words(&problem)),
            Err(_) => bail!("order-status at {} answers {status}", self.url),
        }
    }
}
