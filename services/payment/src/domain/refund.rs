//! What may happen to a paid order's money: data in, data out.
//!
//! An order is refunded for one cause, the first that was read; another one finds that nothing is left to say. A cause
//! is known by its reason, not by its event, so that a record that comes again under another id is still a repeat.
//! `refund.lua` and `settle_refund.lua` are the same decisions, taken where they are stored; a test holds them to each
//! other.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::events::{Order, PaymentRefunded};

use super::{Outcome, Phase};

/// Why an order is refunded. Stable: they stand in `PaymentRefunded.reason`.
pub mod reason {
    /// The carrier will not take it.
    pub const SHIPPING_FAILED: &str = "shipping_failed";
    /// The customer took it back before it was shipped.
    pub const CANCELLED: &str = orderflow::order_state::CANCELLED;
}

/// Where an order's refund stands, once it has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refund {
    /// The gateway may have been asked to refund.
    Refunding {
        /// One of [`reason`].
        reason: String,
    },
    /// The money went back, for good.
    Refunded(Refunded),
}

/// How an order's money went back, and when that was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of PaymentRefunded
pub struct Refunded {
    pub at: Timestamp,
    pub intent_id: String,
    pub refund_id: String,
    pub reason: String,
}

/// What is left to do for an order that is to be refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing but to say how it went back.
    Tell(Refunded),
    /// Nothing: another cause was first, and says it.
    Silence,
    /// Ask the gateway; with the payment, or with the order's id alone when no payment is known here.
    Ask {
        /// The gateway's id of the payment.
        intent_id: Option<String>,
    },
    /// The order was never paid: there is nothing to refund.
    Unpaid,
}

/// Where the refund stands once this cause was read.
#[must_use]
pub fn begin(held: Option<Refund>, reason: &str) -> Refund {
    held.unwrap_or_else(|| Refund::Refunding { reason: reason.to_owned() })
}

/// The outcome that holds: the first one.
#[must_use]
pub fn settle(held: Option<Refund>, outcome: Refunded) -> Refunded {
    match held {
        Some(Refund::Refunded(first)) => first,
        _ => outcome,
    }
}

/// What is left to do for this cause.
#[must_use]
pub fn next(payment: Option<&Phase>, refund: Refund, reason: &str) -> Next {
    match refund {
        Refund::Refunded(outcome) => tell(outcome, reason).map_or(Next::Silence, Next::Tell),
        Refund::Refunding { reason: first } if first != reason => Next::Silence,
        Refund::Refunding { .. } => match payment {
            Some(Phase::Settled(Outcome::Paid { intent_id, .. })) => {
                Next::Ask { intent_id: Some(intent_id.clone()) }
            }
            Some(Phase::Settled(Outcome::Failed { .. })) => Next::Unpaid,
            // Shipping saw a payment whose end is forgotten here. Where its id is stored the gateway need not search: it
            // finds nothing young.
            Some(Phase::Charging { intent_id }) => Next::Ask { intent_id: intent_id.clone() },
            // Else the gateway knows it by the order's id.
            Some(Phase::Voiding { .. } | Phase::Waiting) | None => Next::Ask { intent_id: None },
        },
    }
}

/// The outcome, if it is this cause's to tell.
#[must_use]
pub fn tell(outcome: Refunded, reason: &str) -> Option<Refunded> {
    (outcome.reason == reason).then_some(outcome)
}

/// The event that tells the outcome: the same for the same outcome.
#[must_use]
pub fn event(order: Arc<Order>, outcome: Refunded) -> PaymentRefunded {
    let Refunded { at, intent_id, refund_id, reason } = outcome;
    let (amount, currency) = (order.total, order.currency.clone());
    PaymentRefunded { order, intent_id, refund_id, amount, currency, reason, refunded_at: at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refunded(reason: &str) -> Refunded {
        let (intent_id, refund_id) = ("pi_1".to_owned(), "re_1".to_owned());
        Refunded { at: Timestamp::UNIX_EPOCH, intent_id, refund_id, reason: reason.to_owned() }
    }

    #[test]
    fn the_first_cause_tells_how_it_went_back_and_a_second_one_says_nothing() {
        let held = refunded(reason::SHIPPING_FAILED);
        let next = |refund: Refund, reason| next(None, refund, reason);
        assert_eq!(next(Refund::Refunded(held.clone()), reason::SHIPPING_FAILED), Next::Tell(held.clone()));
        assert_eq!(next(Refund::Refunded(held), reason::CANCELLED), Next::Silence);
        assert_eq!(next(begin(None, reason::SHIPPING_FAILED), reason::CANCELLED), Next::Silence);
    }

    #[test]
    fn only_what_was_paid_or_is_forgotten_is_asked_for() {
        let (at, reason) = (Timestamp::UNIX_EPOCH, reason::CANCELLED);
        let next = |payment: Option<&Phase>| next(payment, begin(None, reason), reason);
        let paid = Phase::Settled(Outcome::Paid { at, intent_id: "pi_1".to_owned() });
        let failed = Phase::Settled(Outcome::Failed { at, reason: "declined".to_owned(), code: None });
        assert_eq!(next(Some(&paid)), Next::Ask { intent_id: Some("pi_1".to_owned()) });
        assert_eq!(next(Some(&failed)), Next::Unpaid);
        assert_eq!(next(None), Next::Ask { intent_id: None });
        for intent_id in [None, Some("pi_1".to_owned())] {
            let charging = Phase::Charging { intent_id: intent_id.clone() };
            assert_eq!(next(Some(&charging)), Next::Ask { intent_id });
        }
    }
}
