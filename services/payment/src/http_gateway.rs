//! The gateway over HTTP: requests, their keys and their deadline. [`answers`] reads what comes back.

use orderflow::{events::Order, fault::Fault};
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::{
    answers::{self, Found, Refusal, Said},
    config::GatewaySettings,
    gateway::{Answer, Gateway},
    intent::{self, Intent, ORDER_ID},
};

/// The largest answer, in bytes; a thousand times the usual one.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// A gateway with an API like Stripe's.
pub struct HttpGateway {
    client: Client,
    base: String,
    token: Option<SecretString>,
}

impl HttpGateway {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// `Fatal` when the system gives no TLS.
    pub fn new(settings: &GatewaySettings) -> Result<Self, Fault> {
        let client = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            .pool_max_idle_per_host(settings.concurrency.into())
            .redirect(Policy::none())
            .build()
            .map_err(|error| Fault::fatal("gateway_client", "cannot make an HTTP client").caused_by(error))?;
        let base = format!("{}/v1/payment_intents", settings.url.as_str().trim_end_matches('/'));
        Ok(Self { client, base, token: settings.token.clone() })
    }

    /// Creates the order's intent, charging it or not, under the one key it has for that.
    async fn create(&self, order: &Order, confirm: bool) -> Result<Said<Intent>, Fault> {
        let request = json!({
            "amount": order.total,
            "currency": order.currency,
            "payment_method": order.payment_token,
            "metadata": { ORDER_ID: order.order_id },
            "confirm": confirm,
        });
        let key = format!("{}:charge", order.order_id);
        self.ask(self.client.post(&self.base).header("Idempotency-Key", key).json(&request), order).await
    }

    async fn intents(&self, order: &Order) -> Result<Vec<Intent>, Fault> {
        let request = self.client.get(format!("{}/search", self.base)).query(&[(ORDER_ID, order.order_id)]);
        match self.ask(request, order).await? {
            Said::Done(Found { data }) => Ok(data),
            Said::Refused(_) => Err(out_of_place("a search")),
        }
    }

    /// Cancels an intent. `None` when it is cancelled, now or before; else what it says of the order.
    async fn cancel(&self, intent: &Intent, order: &Order) -> Result<Option<Answer>, Fault> {
        let request = self.client.post(format!("{}/{}/cancel", self.base, intent.id()?)).json(&json!({}));
        let intent: Intent = match self.ask(request, order).await? {
            Said::Done(intent) | Said::Refused(Refusal::OtherState(intent)) => intent,
            Said::Refused(_) => return Err(out_of_place("a cancellation")),
        };
        match intent.answer(order)? {
            Some(Answer::Voided) => Ok(None),
            Some(charged @ Answer::Charged { .. }) => Ok(Some(charged)),
            _ => Err(Fault::transient("gateway_pending", "the gateway has not cancelled the payment yet")),
        }
    }

    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        request: RequestBuilder,
        order: &Order,
    ) -> Result<Said<T>, Fault> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        let (status, body) = send(request).await?;
        answers::read(status, &body, order)
    }
}

impl Gateway for HttpGateway {
    async fn charge(&self, order: &Order) -> Result<Answer, Fault> {
        match self.create(order, true).await? {
            Said::Done(intent) => intent.answer(order)?.ok_or_else(pending),
            Said::Refused(Refusal::Declined(answer)) => Ok(answer),
            Said::Refused(Refusal::KeyTaken) => match self.find(order).await? {
                Some(answer) => Ok(answer),
                // Only a void takes the key without deciding, and it was cut short: finish it.
                None => self.void(order).await,
            },
            Said::Refused(Refusal::OtherState(intent)) => intent.answer(order)?.ok_or_else(pending),
        }
    }

    async fn find(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        intent::together(&self.intents(order).await?, order)
    }

    async fn void(&self, order: &Order) -> Result<Answer, Fault> {
        let mut intents = self.intents(order).await?;
        if let Some(charged @ Answer::Charged { .. }) = intent::together(&intents, order)? {
            return Ok(charged);
        }
        if intents.is_empty() {
            // An intent of our own takes the key, so that a charge that is still on its way finds it taken.
            match self.create(order, false).await? {
                Said::Done(intent) => intents.push(intent),
                Said::Refused(Refusal::Declined(answer)) => return Ok(answer),
                Said::Refused(_) => {
                    return Err(Fault::transient("gateway_busy", "a charge of the order came in between"));
                }
            }
        }
        for intent in intents.iter().filter(|intent| !intent.is_voided()) {
            if let Some(charged) = self.cancel(intent, order).await? {
                return Ok(charged);
            }
        }
        Ok(Answer::Voided)
    }
}

async fn send(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Fault> {
    let mut response = request.send().await.map_err(unanswered)?;
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Fault::transient(
                "gateway_unreadable",
                "the gateway's answer is larger than any should be",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// The request may have arrived: the outcome is unknown until the gateway is asked again.
fn unanswered(error: reqwest::Error) -> Fault {
    // Without the address: it may hold credentials.
    let error = error.without_url();
    if error.is_timeout() {
        Fault::transient("gateway_timeout", "the gateway did not answer in time").caused_by(error)
    } else {
        Fault::transient("gateway_unavailable", "the gateway cannot be reached").caused_by(error)
    }
}

fn pending() -> Fault {
    Fault::transient("gateway_pending", "the gateway has not decided yet")
}

fn out_of_place(request: &str) -> Fault {
    Fault::poison("gateway_rejects_request", format!("the gateway answers {request} as if it were a charge"))
}
