//! Webhooks: signed, to the public internet only, with a deadline; nothing of an answer counts but its status.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::{NotificationDue, Subscription, WEBHOOK},
    fault::Fault,
};
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};

use crate::{
    courier::Courier,
    endpoint::{Allowed, Resolver},
    secrets::Secrets,
    signature,
    verdict::Answer,
};

/// Most bytes of an answer that are read, so that its connection may be used again; what it says does not matter.
const READ: usize = 16 * 1024;
/// For how long a connection to an endpoint is kept.
const IDLE: Duration = Duration::from_secs(30);

/// Sends webhooks.
pub struct Webhooks {
    client: Client,
    allowed: Allowed,
    secrets: Secrets,
    clock: Clock,
}

impl Webhooks {
    /// A client that waits so long for an answer; nothing is sent yet.
    ///
    /// # Errors
    /// `Fatal` when no HTTP client can be made.
    pub fn new(timeout: Duration, allowed: Allowed, secrets: Secrets, clock: Clock) -> Result<Self, Fault> {
        let client = Client::builder()
            // A proxy would connect wherever it likes.
            .no_proxy()
            .dns_resolver(Resolver(allowed).shared())
            .redirect(Policy::none())
            .referer(false)
            .timeout(timeout)
            .connect_timeout(timeout)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("orderflow-notifications/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Fault::fatal("webhook_client", "cannot make an HTTP client").caused_by(error))?;
        Ok(Self { client, allowed, secrets, clock })
    }

    async fn post(&self, due: &NotificationDue, subscription: &Subscription) -> Answer {
        let url = subscription.url.as_deref().unwrap_or_default();
        // Looked at again: settings may have changed since it was taken in.
        let Ok(url) = self.allowed.read(url) else { return Answer::NotNow { status: 0, after: None } };
        let (id, now) = (due.event_id.to_string(), self.clock.now());
        let secrets = match self.secrets.open(subscription, now) {
            Ok(secrets) => secrets,
            Err(fault) => {
                tracing::error!(subscription_id = %due.subscription_id, code = fault.code(), %fault, "a webhook cannot be signed");
                return Answer::NotNow { status: 0, after: None };
            }
        };
        let signature = signature::header(&secrets, &id, now.as_second(), due.body.as_bytes());
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", signature)
            .body(due.body.clone());
        match request.send().await {
            Ok(response) => answered(response, now).await,
            Err(error) => {
                let error = error.without_url();
                tracing::debug!(subscription_id = %due.subscription_id, event_id = %due.event_id, %error, "an endpoint does not answer");
                Answer::NotNow { status: 0, after: None }
            }
        }
    }
}

#[async_trait]
impl Courier for Webhooks {
    fn channel(&self) -> &'static str {
        WEBHOOK
    }

    async fn tell(&self, due: &NotificationDue, subscription: &Subscription) -> Answer {
        self.post(due, subscription).await
    }

    fn gives_up_endpoints(&self) -> bool {
        true
    }
}

async fn answered(mut response: Response, now: Timestamp) -> Answer {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|text| retry_after(text, now));
    let mut read = 0;
    while read < READ {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) | Err(_) => break,
        }
    }
    match status {
        _ if status.is_success() => Answer::Taken { status: status.as_u16().into() },
        StatusCode::GONE => Answer::Gone,
        _ => Answer::NotNow { status: status.as_u16().into(), after },
    }
}

/// How long `Retry-After` asks to wait: seconds, or until a date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(date.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("120", Some(120))]
    #[case::date("Mon, 01 Dec 2025 12:02:00 GMT", Some(60))]
    #[case::past("Mon, 01 Dec 2025 12:00:00 GMT", None)]
    #[case::negative("-5", None)]
    #[case::nonsense("soon", None)]
    fn retry_after_is_seconds_or_a_date(#[case] text: &str, #[case] expected: Option<u64>) {
        let now = "2025-12-01T12:01:00Z".parse().unwrap();
        assert_eq!(retry_after(text, now), expected.map(Duration::from_secs));
    }
}
