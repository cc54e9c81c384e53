//! What may happen to an order's payment: data in, data out.
//!
//! ```text
//! none ─► charging ─┬──────────┬─► paid ─► refunding ─► refunded
//!   │               └► waiting ┤
//!   └───► voiding ─────────────┴─► failed
//! ```
//! A request to cancel moves `none` to `voiding`, and nothing else: from then on the order can only be voided. `charging`
//! and `voiding` leave only by the gateway's answer for that order. A voided order may turn out to be paid, and a
//! charged one voided, when a former life of this service had already asked: what the gateway says holds. An order that
//! waits for its customer, and who tells how that ends, is [`wait`]'s; how a paid order is refunded is [`refund`]'s.
//!
//! `begin.lua`, `opened.lua`, `cancel.lua` and `settle.lua` are the same decisions, taken where they are stored; a test
//! holds them to each other.

pub mod refund;
#[cfg(test)]
mod tests;
pub mod wait;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orderflow::events::{InventoryReserved, Order, PaymentActionRequired, PaymentFailed, PaymentProcessed};

use crate::gateway::Answer;

orderflow::events! {
    /// What becomes of a reserved order's payment.
    #[derive(PartialEq)]
    pub enum PaymentEvent { PaymentProcessed, PaymentFailed, PaymentActionRequired }
}

orderflow::events! {
    /// How a payment ended.
    #[derive(PartialEq)]
    pub enum PaymentEnded { PaymentProcessed, PaymentFailed }
}

impl From<PaymentEnded> for PaymentEvent {
    fn from(ended: PaymentEnded) -> Self {
        match ended {
            PaymentEnded::PaymentProcessed(event) => event.into(),
            PaymentEnded::PaymentFailed(event) => event.into(),
        }
    }
}

/// Why an order was not paid. Stable: they stand in `PaymentFailed.reason`.
pub mod reason {
    /// The customer took the order back before it was charged.
    pub const CANCELLED: &str = orderflow::order_state::CANCELLED;
    /// The customer did not confirm the payment in time, or it was cancelled at the gateway before that.
    pub const CONFIRMATION_EXPIRED: &str = "confirmation_expired";
    /// The card's bank declined, for a reason that is not one of the others.
    pub const DECLINED: &str = "declined";
    /// The card has expired.
    pub const EXPIRED_CARD: &str = "expired_card";
    /// The account does not cover the total.
    pub const INSUFFICIENT_FUNDS: &str = "insufficient_funds";
    /// The reservation ended before payment began.
    pub const RESERVATION_EXPIRED: &str = "reservation_expired";
    /// The gateway does not take this token, amount or currency.
    pub const REFUSED_BY_GATEWAY: &str = "refused_by_gateway";
}

/// Where an order's payment stands, once it has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The gateway may have been asked to charge.
    Charging {
        /// The gateway's id of the payment: stored before it is asked to.
        intent_id: Option<String>,
    },
    /// The order will not be charged, and this is why; the gateway may have been asked to make a charge impossible.
    Voiding {
        /// One of [`reason`].
        reason: String,
    },
    /// The payment waits for its customer or for the bank: see [`wait`].
    Waiting,
    /// Decided for good.
    Settled(Outcome),
}

/// How an order's payment ended, and when that was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of PaymentProcessed and PaymentFailed
pub enum Outcome {
    Paid { at: Timestamp, intent_id: String },
    Failed { at: Timestamp, reason: String, code: Option<String> },
}

/// That a payment is to be opened at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether the gateway surely remembers the order's key.
    pub key_is_known: bool,
}

/// Where the payment stands once this reservation was read. Expiry is looked at here and never again.
#[must_use]
pub fn begin(held: Option<Phase>, now: Timestamp, valid_until: Timestamp) -> Phase {
    match held {
        Some(phase) => phase,
        None if now > valid_until => Phase::Voiding { reason: reason::RESERVATION_EXPIRED.to_owned() },
        None => Phase::Charging { intent_id: None },
    }
}

/// Where the payment stands once its customer has asked to cancel: a payment that has begun goes on.
#[must_use]
pub fn cancel(held: Option<Phase>) -> Phase {
    held.unwrap_or_else(|| Phase::Voiding { reason: reason::CANCELLED.to_owned() })
}

/// Where the payment stands once the gateway has opened it; the first intent that was opened is the order's.
#[must_use]
pub fn opened(held: Option<Phase>, intent_id: &str) -> Option<Phase> {
    match held {
        Some(Phase::Charging { intent_id: None }) => {
            Some(Phase::Charging { intent_id: Some(intent_id.to_owned()) })
        }
        held => held,
    }
}

/// Whether a payment is to be opened at the gateway in this phase; `None` where there is one, or none is needed.
///
/// The key of a payment cannot be older than the reservation, so only an old reservation needs a search first; this holds
/// also when Redis has forgotten that there was a payment.
#[must_use]
pub fn opening(
    phase: &Phase,
    reserved: &InventoryReserved,
    now: Timestamp,
    key_life: SignedDuration,
) -> Option<Opening> {
    match phase {
        Phase::Charging { intent_id: None } => {
            Some(Opening { key_is_known: now.duration_since(reserved.reserved_at) < key_life })
        }
        Phase::Charging { intent_id: Some(_) }
        | Phase::Voiding { .. }
        | Phase::Waiting
        | Phase::Settled(_) => None,
    }
}

/// What the gateway's answer means for an order in this phase.
#[must_use]
pub fn outcome(phase: &Phase, answer: Answer, at: Timestamp) -> Outcome {
    let (why, code) = match answer {
        Answer::Charged { intent_id } => return Outcome::Paid { at, intent_id },
        Answer::Declined { reason, code } => (reason, code),
        Answer::Voided if *phase == Phase::Waiting => (reason::CONFIRMATION_EXPIRED, None),
        // A life of this service that nobody remembers has voided it.
        Answer::Voided => (reason::RESERVATION_EXPIRED, None),
    };
    // Whatever kept the charge away: an order that is being voided fails for what it is voided for.
    let reason = if let Phase::Voiding { reason } = phase { reason.as_str() } else { why };
    Outcome::Failed { at, reason: reason.to_owned(), code }
}

/// The event that tells the outcome: the same for the same outcome.
#[must_use]
pub fn event(order: Arc<Order>, outcome: Outcome) -> PaymentEnded {
    match outcome {
        Outcome::Paid { at, intent_id } => {
            let (amount, currency) = (order.total, order.currency.clone());
            PaymentProcessed { order, intent_id, amount, currency, processed_at: at }.into()
        }
        Outcome::Failed { at, reason, code } => {
            PaymentFailed { order, reason, gateway_code: code, failed_at: at }.into()
        }
    }
}

/// Our reason for a card error, from the gateway's code and the bank's.
#[must_use]
pub fn reason_of_decline(code: &str, decline_code: Option<&str>) -> &'static str {
    match decline_code.unwrap_or(code) {
        "expired_card" => reason::EXPIRED_CARD,
        "insufficient_funds" => reason::INSUFFICIENT_FUNDS,
        _ => reason::DECLINED,
    }
}
