//! What the gateway's statuses and bodies mean, after Stripe's errors (<https://docs.stripe.com/api/errors>).

use orderflow::{events::Order, fault::Fault};
use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    domain::reason,
    gateway::Answer,
    intent::{CardError, Intent, declined, plain},
};

/// A list of what the gateway has found.
#[derive(Debug, Deserialize)]
pub struct Found<T> {
    /// Intents of an order, in no order that can be relied on, or refunds of an intent, newest first.
    pub data: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    error: Problem,
}

/// What the gateway says when it does not do what it was asked.
#[derive(Debug, Deserialize)]
pub struct Problem {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    param: Option<String>,
    #[serde(flatten)]
    card: CardError,
    #[serde(default)]
    payment_intent: Option<Intent>,
}

/// What a status and a body say.
#[derive(Debug)]
pub enum Said<T> {
    /// It is done.
    Done(T),
    /// It is not, and this is why.
    Refused(Refusal),
}

/// Why something was not done.
#[derive(Debug)]
pub enum Refusal {
    /// The order will not be charged as it is.
    Declined(Answer),
    /// The idempotency key belongs to another request about this order.
    KeyTaken,
    /// The intent is in another state, and stands here.
    OtherState(Intent),
    /// The charge went back already.
    AlreadyRefunded,
    /// The gateway has no such thing.
    Missing,
}

/// Reads an answer to a question about this order.
///
/// # Errors
/// Those of [`crate::gateway::Gateway`].
pub fn read<T: for<'a> Deserialize<'a>>(
    status: StatusCode,
    body: &[u8],
    order: &Order,
) -> Result<Said<T>, Fault> {
    if status.is_success() {
        return parse(body).map(Said::Done);
    }
    if status == StatusCode::NOT_FOUND && is_missing(body) {
        return Ok(Said::Refused(Refusal::Missing));
    }
    passing(status)?;
    let Failure { error } = parse(body)?;
    refusal(status, error, order).map(Said::Refused)
}

fn parse<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Fault> {
    // Transient, since a charge or refund may stand behind what cannot be read; the body is not repeated, it may say anything.
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the gateway's answer cannot be read: {:?} error", error.classify());
        Fault::transient("gateway_unreadable", message)
    })
}

/// Whether a gateway says that what was asked for is not there; another server would say it otherwise.
fn is_missing(body: &[u8]) -> bool {
    let failure = serde_json::from_slice::<Failure>(body);
    failure.is_ok_and(|failure| failure.error.card.code.as_deref() == Some("resource_missing"))
}

/// Statuses that say nothing about the order.
fn passing(status: StatusCode) -> Result<(), Fault> {
    let says = format!("the gateway answers {status}");
    Err(match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
            Fault::transient("gateway_timeout", says)
        }
        StatusCode::CONFLICT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Fault::transient("gateway_busy", says)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Fault::fatal("gateway_unauthorized", format!("{says}: check GATEWAY_TOKEN"))
        }
        // Only a wrong address says so: an outage to wait out, not a fault of the order. A redirect likewise.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            Fault::transient("gateway_unavailable", format!("{says}: check GATEWAY_URL"))
        }
        _ if status.is_client_error() => return Ok(()),
        _ => Fault::transient("gateway_unavailable", says),
    })
}

fn refusal(status: StatusCode, problem: Problem, order: &Order) -> Result<Refusal, Fault> {
    let code = problem.card.code.as_deref().unwrap_or_default();
    match (problem.kind.as_deref().unwrap_or_default(), problem.param.as_deref()) {
        ("card_error", _) => {
            if let Some(intent) = &problem.payment_intent {
                intent.is_for(order)?;
            }
            Ok(Refusal::Declined(declined(&problem.card)))
        }
        ("idempotency_error", _) => Ok(Refusal::KeyTaken),
        _ if code == "charge_already_refunded" => Ok(Refusal::AlreadyRefunded),
        (_, Some("payment_method" | "amount" | "currency")) => {
            Ok(Refusal::Declined(Answer::Declined { reason: reason::REFUSED_BY_GATEWAY, code: plain(code) }))
        }
        _ => match problem.payment_intent {
            Some(intent) if code == "payment_intent_unexpected_state" => Ok(Refusal::OtherState(intent)),
            _ => {
                let code = plain(code).unwrap_or_default();
                let message = format!("the gateway does not take our request: {status} {code}");
                Err(Fault::poison("gateway_rejects_request", message))
            }
        },
    }
}
