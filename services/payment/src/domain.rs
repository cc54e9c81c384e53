//! What may happen to an order's payment: data in, data out.
//!
//! ```text
//! none ─► charging ─┬─► paid ─► refunding ─► refunded
//!   └───► voiding ──┴─► failed
//! ```
//! A request to cancel moves `none` to `voiding`, and nothing else: from then on the order can only be voided. `charging`
//! and `voiding` leave only by the gateway's answer for that order. A voided order may turn out to be paid, and a
//! charged one voided, when a former life of this service had already asked: what the gateway says holds. How a paid
//! order is refunded is [`refund`]'s.
//!
//! `begin.lua`, `cancel.lua` and `settle.lua` are the same decisions, taken where they are stored; a test holds them to
//! each other.

pub mod refund;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orderflow::events::{InventoryReserved, Order, PaymentFailed, PaymentProcessed};

use crate::gateway::Answer;

orderflow::events! {
    /// What becomes of an order's payment.
    #[derive(PartialEq)]
    pub enum PaymentEvent { PaymentProcessed, PaymentFailed }
}

/// Why an order was not paid. Stable: they stand in `PaymentFailed.reason`.
pub mod reason {
    /// The customer took the order back before it was charged.
    pub const CANCELLED: &str = orderflow::order_state::CANCELLED;
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
    Charging,
    /// The order will not be charged, and this is why; the gateway may have been asked to make a charge impossible.
    Voiding {
        /// One of [`reason`].
        reason: String,
    },
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

/// What is left to do for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing but to say how it ended.
    Tell(Outcome),
    /// Ask the gateway.
    Ask(Question),
}

/// What to ask the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the questions of crate::gateway::Gateway
pub enum Question {
    Charge,
    FindThenCharge,
    Void,
}

/// Where the payment stands once this reservation was read. Expiry is looked at here and never again.
#[must_use]
pub fn begin(held: Option<Phase>, now: Timestamp, valid_until: Timestamp) -> Phase {
    match held {
        Some(phase) => phase,
        None if now > valid_until => Phase::Voiding { reason: reason::RESERVATION_EXPIRED.to_owned() },
        None => Phase::Charging,
    }
}

/// Where the payment stands once its customer has asked to cancel: a payment that has begun goes on.
#[must_use]
pub fn cancel(held: Option<Phase>) -> Phase {
    held.unwrap_or_else(|| Phase::Voiding { reason: reason::CANCELLED.to_owned() })
}

/// The outcome that holds: the first one.
#[must_use]
pub fn settle(held: Option<Phase>, outcome: Outcome) -> Outcome {
    match held {
        Some(Phase::Settled(first)) => first,
        _ => outcome,
    }
}

/// What is left to do in this phase.
///
/// The key of a charge cannot be older than the reservation, so only an old reservation needs a look first; this holds
/// also when Redis has forgotten that there was a charge.
#[must_use]
pub fn next(phase: &Phase, reserved: &InventoryReserved, now: Timestamp, key_life: SignedDuration) -> Next {
    match phase {
        Phase::Settled(outcome) => Next::Tell(outcome.clone()),
        Phase::Voiding { .. } => Next::Ask(Question::Void),
        Phase::Charging if now.duration_since(reserved.reserved_at) < key_life => Next::Ask(Question::Charge),
        Phase::Charging => Next::Ask(Question::FindThenCharge),
    }
}

/// What the gateway's answer means for an order in this phase.
#[must_use]
pub fn outcome(phase: &Phase, answer: Answer, at: Timestamp) -> Outcome {
    let (why, code) = match answer {
        Answer::Charged { intent_id } => return Outcome::Paid { at, intent_id },
        Answer::Declined { reason, code } => (reason, code),
        // A life of this service that nobody remembers has voided it.
        Answer::Voided => (reason::RESERVATION_EXPIRED, None),
    };
    // Whatever kept the charge away: an order that is being voided fails for what it is voided for.
    let reason = if let Phase::Voiding { reason } = phase { reason.as_str() } else { why };
    Outcome::Failed { at, reason: reason.to_owned(), code }
}

/// The event that tells the outcome: the same for the same outcome.
#[must_use]
pub fn event(order: Arc<Order>, outcome: Outcome) -> PaymentEvent {
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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("card_declined", Some("generic_decline"), reason::DECLINED)]
    #[case("card_declined", Some("insufficient_funds"), reason::INSUFFICIENT_FUNDS)]
    #[case("card_declined", Some("lost_card"), reason::DECLINED)]
    #[case("expired_card", None, reason::EXPIRED_CARD)]
    #[case("incorrect_cvc", None, reason::DECLINED)]
    fn every_card_error_has_a_reason(
        #[case] code: &str,
        #[case] decline: Option<&str>,
        #[case] expected: &str,
    ) {
        assert_eq!(reason_of_decline(code, decline), expected);
    }

    #[test]
    fn a_reservation_is_valid_up_to_its_last_microsecond() {
        let end = Timestamp::UNIX_EPOCH;
        let later = end + SignedDuration::from_micros(1);
        assert_eq!(begin(None, end, end), Phase::Charging);
        let expired = Phase::Voiding { reason: reason::RESERVATION_EXPIRED.to_owned() };
        assert_eq!(begin(None, later, end), expired);
    }

    #[test]
    fn a_charge_that_began_is_never_ended_by_expiry() {
        let end = Timestamp::UNIX_EPOCH;
        let later = end + SignedDuration::from_hours(1);
        assert_eq!(begin(Some(Phase::Charging), later, end), Phase::Charging);
    }

    #[test]
    fn a_cancelled_order_is_never_charged_and_a_charge_is_never_ended_by_a_cancel() {
        let now = Timestamp::UNIX_EPOCH;
        let cancelled = cancel(None);
        assert_eq!(begin(Some(cancelled.clone()), now, now), cancelled);
        assert_eq!(cancel(Some(Phase::Charging)), Phase::Charging);
    }

    #[test]
    fn an_order_fails_for_what_it_is_voided_for_unless_it_was_charged() {
        let at = Timestamp::UNIX_EPOCH;
        let failed = |reason: &str, code: Option<&str>| Outcome::Failed {
            at,
            reason: reason.to_owned(),
            code: code.map(str::to_owned),
        };
        let refused = Answer::Declined { reason: reason::REFUSED_BY_GATEWAY, code: Some("gone".to_owned()) };
        let charged = Answer::Charged { intent_id: "pi_1".to_owned() };
        assert_eq!(outcome(&cancel(None), Answer::Voided, at), failed(reason::CANCELLED, None));
        assert_eq!(outcome(&cancel(None), refused, at), failed(reason::CANCELLED, Some("gone")));
        assert_eq!(outcome(&cancel(None), charged, at), Outcome::Paid { at, intent_id: "pi_1".to_owned() });
        assert_eq!(outcome(&Phase::Charging, Answer::Voided, at), failed(reason::RESERVATION_EXPIRED, None));
    }
}
