//! Requests as Stripe takes them (<https://docs.stripe.com/api>): forms, keys, a pinned version, a deadline.
//! [`answers`] reads what comes back.

use orderflow::{events::Order, fault::Fault};
use reqwest::{Client, RequestBuilder, Url, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    answers::{self, Found, Said},
    config::GatewaySettings,
    intent::{Intent, ORDER_ID},
    refund::Refund,
    wire::send,
};

/// The version of Stripe's API that is spoken, whatever the account's own is; tested with its published description.
pub const VERSION: &str = "2026-08-26.dahlia";

/// Currencies whose minor unit is another one at Stripe than in ISO 4217, by a factor of a hundred
/// (<https://docs.stripe.com/currencies#special-cases>).
const OTHER_UNITS: [&str; 3] = ["ISK", "MGA", "UGX"];

/// Whether Stripe takes an amount in this currency for what it is here.
#[must_use]
pub fn counts_alike(currency: &str) -> bool {
    !OTHER_UNITS.iter().any(|other| currency.eq_ignore_ascii_case(other))
}

/// A form as Stripe takes it: nested names have brackets.
type Form<'a> = Vec<(&'a str, String)>;

/// What was said, and whether it was said to an earlier request with the same key, so that it may be out of date.
pub struct Told<T> {
    /// What was said.
    pub said: Said<T>,
    /// Whether it is a repeat.
    pub is_replayed: bool,
}

/// A client of Stripe's API.
pub struct Stripe {
    client: Client,
    intents: String,
    refunds: String,
    token: Option<SecretString>,
    return_url: Option<Url>,
}

impl Stripe {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// `Fatal` when the system gives no TLS, or the secret key cannot be read.
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
        let return_url = settings.return_url.clone();
        Ok(Self { client, intents, refunds, token: settings.secret_key()?, return_url })
    }

    /// Creates the order's intent under the one key it has for that, without confirming it.
    pub async fn create(&self, order: &Order) -> Result<Told<Intent>, Fault> {
        let form = vec![
            ("amount", order.total.to_string()),
            ("currency", order.currency.to_ascii_lowercase()),
            ("payment_method", order.payment_token.clone()),
            // Whatever the account takes, but nothing for which the customer would have to leave to another site.
            ("automatic_payment_methods[enabled]", "true".to_owned()),
            ("automatic_payment_methods[allow_redirects]", "never".to_owned()),
            (METADATA, order.order_id.to_string()),
        ];
        self.post(&self.intents, &key(order, "charge"), form, order).await
    }

    /// Confirms an intent: this charges it.
    pub async fn confirm(&self, order: &Order, intent_id: &str) -> Result<Told<Intent>, Fault> {
        let form = self.return_url.iter().map(|url| ("return_url", url.to_string())).collect();
        self.post(&format!("{}/{intent_id}/confirm", self.intents), &key(order, "confirm"), form, order).await
    }

    /// Cancels an intent. It needs no key: what is cancelled stays so.
    pub async fn cancel(&self, order: &Order, intent_id: &str) -> Result<Said<Intent>, Fault> {
        let empty: Form<'_> = Vec::new();
        let request = self.client.post(format!("{}/{intent_id}/cancel", self.intents)).form(&empty);
        Ok(self.ask(request, order).await?.said)
    }

    /// An intent as it stands.
    pub async fn intent(&self, order: &Order, intent_id: &str) -> Result<Said<Intent>, Fault> {
        Ok(self.ask(self.client.get(format!("{}/{intent_id}", self.intents)), order).await?.said)
    }

    /// The intents of an order. Stripe's search knows a new one only after a while, a minute or more: it is for orders
    /// whose key may be forgotten.
    pub async fn search(&self, order: &Order) -> Result<Said<Found<Intent>>, Fault> {
        let query = format!("metadata['{ORDER_ID}']:'{}'", order.order_id);
        let request = self.client.get(format!("{}/search", self.intents)).query(&[("query", query)]);
        Ok(self.ask(request, order).await?.said)
    }

    /// Asks for a refund of the order's total under the one key it has for that.
    pub async fn refund(&self, order: &Order, intent_id: &str) -> Result<Said<Refund>, Fault> {
        let form = vec![
            ("payment_intent", intent_id.to_owned()),
            ("amount", order.total.to_string()),
            (METADATA, order.order_id.to_string()),
        ];
        Ok(self.post(&self.refunds, &key(order, "refund"), form, order).await?.said)
    }

    /// The refunds of an intent, newest first.
    pub async fn refunds(&self, order: &Order, intent_id: &str) -> Result<Said<Found<Refund>>, Fault> {
        let request =
            self.client.get(&self.refunds).query(&[("payment_intent", intent_id), ("limit", "100")]);
        Ok(self.ask(request, order).await?.said)
    }

    async fn post<T: for<'a> Deserialize<'a>>(
        &self,
        url: &str,
        key: &str,
        form: Form<'_>,
        order: &Order,
    ) -> Result<Told<T>, Fault> {
        self.ask(self.client.post(url).header("Idempotency-Key", key).form(&form), order).await
    }

    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        request: RequestBuilder,
        order: &Order,
    ) -> Result<Told<T>, Fault> {
        let request = request.header("Stripe-Version", VERSION);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        let response = send(request, &order.order_id.to_string()).await?;
        let said = answers::read(response.status, &response.body, order)?;
        Ok(Told { said, is_replayed: response.is_replayed })
    }
}

/// The order's id, on everything that is made for it.
const METADATA: &str = "metadata[order_id]";

/// The key of what is done once for an order.
fn key(order: &Order, what: &str) -> String {
    format!("{}:{what}", order.order_id)
}
