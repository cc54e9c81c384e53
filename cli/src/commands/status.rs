//! A client of order-status: what its commands share.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

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

/// A problem (RFC 9457) for people: what, what to do, and every field at fault.
fn words(problem: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = format!("{}: {}", text(&problem["title"]), text(&problem["detail"]));
    for error in problem["errors"].as_array().into_iter().flatten() {
        words.push_str(&format!("\n  {}: {}", text(&error["field"]), text(&error["detail"])));
    }
    if let Some(first) = problem["decision"].as_object() {
        let by = first["reviewer"].as_str().unwrap_or("policy, or its customer");
        words.push_str(&format!(
            "\n  {} by {by} at {}",
            text(&first["decision"]),
            text(&first["decided_at"])
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::words;

    #[test]
    fn a_problem_names_every_field_at_fault() {
        let problem = json!({
            "title": "Some fields hold values that are not allowed", "detail": "2 fields are wrong: see `errors`",
            "errors": [
                {"field": "/decision", "code": "unknown", "detail": "approve or reject"},
                {"field": "/reason", "code": "missing", "detail": "1 to 500 characters"},
            ],
        });
        assert_eq!(
            words(&problem),
            "Some fields hold values that are not allowed: 2 fields are wrong: see `errors`\n  \
             /decision: approve or reject\n  /reason: 1 to 500 characters"
        );
    }

    #[test]
    fn a_decision_that_came_first_is_told() {
        let problem = json!({
            "title": "The order's review is decided already", "detail": "the first decision counts: see `decision`",
            "decision": {"decision": "reject", "reviewer": null, "decided_at": "2026-11-21T12:00:00Z"},
        });
        assert!(words(&problem).ends_with("\n  reject by policy, or its customer at 2026-11-21T12:00:00Z"));
    }
}
