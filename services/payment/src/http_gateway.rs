//! The gateway over HTTP: requests, their keys and their deadline. [`answers`] reads what comes back.

use orderflow::{events::Order, fault::Fault};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::{
    answers::{self, Found, Refusal, Said},
    config::GatewaySettings,
    gateway::{Answer, Gateway, Refunded, never_charged},
    intent::{self, Intent, ORDER_ID},
    refund::{self, Refund},
    wire::send,
};

/// A gateway with an API like Stripe's.
pub struct HttpGateway {
    client: Client,
    intents: String,
    refunds: String,
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
        let base = settings.url.as_str().trim_end_matches('/');
        let (intents, refunds) = (format!("{base}/v1/payment_intents"), format!("{base}/v1/refunds"));
        Ok(Self { client, intents, refunds, token: settings.token.clone() })
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
        self.ask(self.client.post(&self.intents).header("Idempotency-Key", key).json(&request), order).await
    }

    async fn intents(&self, order: &Order) -> Result<Vec<Intent>, Fault> {
        let request =
            self.client.get(format!("{}/search", self.intents)).query(&[(ORDER_ID, order.order_id)]);
        match self.ask(request, order).await? {
            Said::Done(Found { data }) => Ok(data),
            Said::Refused(_) => Err(out_of_place("a search")),
        }
    }

    /// Cancels an intent. `None` when it is cancelled, now or before; else what it says of the order.
    async fn cancel(&self, intent: &Intent, order: &Order) -> Result<Option<Answer>, Fault> {
        let request = self.client.post(format!("{}/{}/cancel", self.intents, intent.id()?)).json(&json!({}));
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

    /// Asks for a refund of the order's total under the one key it has for that; what was made, if anything was.
    async fn create_refund(&self, order: &Order, intent_id: &str) -> Result<Vec<Refund>, Fault> {
        let request = json!({
            "payment_intent": intent_id,
            "amount": order.total,
            "metadata": { ORDER_ID: order.order_id },
        });
        let key = format!("{}:refund", order.order_id);
        let request = self.client.post(&self.refunds).header("Idempotency-Key", key).json(&request);
        match self.ask(request, order).await? {
            Said::Done(refund) => Ok(vec![refund]),
            Said::Refused(Refusal::OtherState(_) | Refusal::Missing) => Err(never_charged(order)),
            // Whether somebody else has refunded is found out next.
            Said::Refused(Refusal::AlreadyRefunded | Refusal::KeyTaken | Refusal::Declined(_)) => {
                Ok(Vec::new())
            }
        }
    }

    /// The refunds of an intent, newest first.
    async fn refunds(&self, order: &Order, intent_id: &str) -> Result<Vec<Refund>, Fault> {
        let request =
            self.client.get(&self.refunds).query(&[("payment_intent", intent_id), ("limit", "100")]);
        match self.ask(request, order).await? {
            Said::Done(Found { data }) => Ok(data),
            Said::Refused(_) => Err(out_of_place("a list of refunds")),
        }
    }

    /// An intent; `None` when the gateway has none with this id.
    async fn intent(&self, order: &Order, intent_id: &str) -> Result<Option<Intent>, Fault> {
        match self.ask(self.client.get(format!("{}/{intent_id}", self.intents)), order).await? {
            Said::Done(intent) => Ok(Some(intent)),
            Said::Refused(Refusal::Missing) => Ok(None),
            Said::Refused(_) => Err(out_of_place("a question for a payment")),
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
            Said::Refused(Refusal::AlreadyRefunded | Refusal::Missing) => Err(out_of_place("a charge")),
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

    async fn refund(&self, order: &Order, intent_id: &str) -> Result<Refunded, Fault> {
        let Some(intent) = self.intent(order, intent_id).await? else { return Err(never_charged(order)) };
        let Some(Answer::Charged { .. }) = intent.answer(order)? else { return Err(never_charged(order)) };
        if !intent.is_refunded() {
            let made = self.create_refund(order, intent_id).await?;
            if let Some(refunded) = refund::together(&made, order, intent_id)? {
                return Ok(refunded);
            }
        }
        let held = self.refunds(order, intent_id).await?;
        refund::together(&held, order, intent_id)?.ok_or_else(|| refund::failed(order))
    }
}

fn pending() -> Fault {
    Fault::transient("gateway_pending", "the gateway has not decided yet")
}

fn out_of_place(request: &str) -> Fault {
    Fault::poison(
        "gateway_rejects_request",
        format!("the gateway answers {request} as if it were another request"),
    )
}
