//! `POST /webhooks/stripe`: what the gateway says by itself goes onto `payments.callbacks`, once it is believed.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Extension, Json, Router,
    extract::{Request, State},
    http::HeaderMap,
    routing::post,
};
use orderflow::{
    clock::Clock,
    events::GatewayAnswered,
    fault::Fault,
    http::{Correlation, InFlight, Outermost, Problem, body, random_id, served},
    runtime::{Publisher, Root},
};
use serde_json::{Value, json};

use crate::{
    callback::Callback,
    problem_kind::{self, BAD_SIGNATURE, OLD_SIGNATURE},
    signature::{Disbelief, Secrets},
};

/// Requests answered.
const REQUESTS: &str = orderflow::metrics::PAYMENT_REQUESTS;

/// Most bytes of a callback; ten times the usual one.
const MAX_BODY: usize = 256 * 1024;

/// Most callbacks taken in at the same time.
const IN_FLIGHT: usize = 64;

/// The way onto the log, as a port: the route can be tested without Kafka.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Returns once all in-sync replicas have the event.
    ///
    /// # Errors
    /// `Transient` when that is not known.
    async fn send(&self, event: &GatewayAnswered, root: Root) -> Result<(), Fault>;
}

#[async_trait]
impl Outbox for Publisher {
    async fn send(&self, event: &GatewayAnswered, root: Root) -> Result<(), Fault> {
        Publisher::send(self, &self.prepare(event, root)?).await.map(drop)
    }
}

/// What the route works with.
pub struct Webhook {
    secrets: Secrets,
    outbox: Box<dyn Outbox>,
    clock: Clock,
    in_flight: InFlight,
}

impl Webhook {
    /// Believes what is signed with one of these secrets.
    #[must_use]
    pub fn new(secrets: Secrets, outbox: impl Outbox, clock: Clock) -> Arc<Self> {
        Arc::new(Self { secrets, outbox: Box::new(outbox), clock, in_flight: InFlight::new(IN_FLIGHT) })
    }

    /// The route, and the layers around it.
    pub fn routes(self: Arc<Self>) -> Router {
        let outermost = Outermost { clock: self.clock.clone(), requests: REQUESTS };
        let routes = Router::new().route("/webhooks/stripe", post(take));
        served(routes, problem_kind::ALL, outermost).with_state(self)
    }
}

/// Takes a callback in. The gateway sends it again, for days, until it is answered with 200: that is after it is durable.
/// Each time it is an event of its own; whoever reads them knows what came twice.
///
/// # Errors
/// 400 when it is not believed; 503 when it cannot be made durable; those of its body.
async fn take(
    State(webhook): State<Arc<Webhook>>,
    Extension(correlation): Extension<Correlation>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = webhook.in_flight.enter()?;
    let bytes = body::read(request, MAX_BODY).await?;
    let now = webhook.clock.now();
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    webhook.secrets.check(signature, &bytes, now).map_err(disbelieved)?;
    let heard = body::parse::<Callback>(&bytes)?.heard();
    if let Some(event) = &heard {
        webhook.outbox.send(event, correlation.root(random_id(now), "payment")).await?;
    }
    Ok(Json(json!({ "received": true, "heard": heard.is_some() })))
}

fn disbelieved(why: Disbelief) -> Problem {
    match why {
        Disbelief::Malformed => {
            Problem::new(&BAD_SIGNATURE, "there is no Stripe-Signature header such as t=…,v1=…")
        }
        Disbelief::Forged => {
            Problem::new(&BAD_SIGNATURE, "no signature fits: is GATEWAY_WEBHOOK_SECRETS this endpoint's?")
        }
        Disbelief::OutOfTime => {
            Problem::new(&OLD_SIGNATURE, "it may be 300 s old: send it anew, newly signed")
        }
    }
}
