//! What an event adds to the shop's own numbers: orders, money, decisions. A function of the event alone; it is counted
//! once the event is committed.

use std::any::Any;

use jiff::Timestamp;
use metrics::{counter, histogram};

use super::{DECISIONS, MONEY_CAPTURED, MONEY_FULFILLED, MONEY_REFUNDED, ORDER_DURATION, ORDERS_FINISHED};
use crate::{
    events::{
        FraudDecision, InventoryShortage, Order, OrderFraudDetected, OrderHeldForReview,
        OrderReviewCancelled, OrderValidatedForFraud, PaymentFailed, PaymentProcessed, PaymentRefunded,
        ShippingLabelGenerated,
    },
    order_state::{CANCELLED, State},
};

/// One thing that an event tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tally {
    /// Fraud scoring, or a reviewer, has decided.
    Decided { by: [String; 3], outcome: &'static str, confident: bool, fallback: bool },
    /// An order has come to a final state.
    Finished { state: State, placed_at: Timestamp },
    /// Money has moved, or goods for it: the metric, currency and minor units.
    Money { metric: &'static str, currency: String, minor: u64 },
}

impl Tally {
    /// What this event tells; nothing, of most.
    pub fn of(event: &dyn Any) -> Vec<Self> {
        if let Some(event) = event.downcast_ref::<OrderValidatedForFraud>() {
            return vec![decided(&event.decision, ["validated", "approved"])];
        }
        if let Some(event) = event.downcast_ref::<OrderHeldForReview>() {
            return vec![decided(&event.decision, ["held", "held"])];
        }
        if let Some(event) = event.downcast_ref::<OrderFraudDetected>() {
            let decided = decided(&event.decision, ["refused", "rejected"]);
            return vec![decided, finished(&event.order, State::Rejected)];
        }
        if let Some(event) = event.downcast_ref::<OrderReviewCancelled>() {
            return vec![finished(&event.order, State::Cancelled)];
        }
        if let Some(event) = event.downcast_ref::<InventoryShortage>() {
            return vec![finished(&event.order, State::OutOfStock)];
        }
        if let Some(event) = event.downcast_ref::<PaymentFailed>() {
            let state = if event.reason == CANCELLED { State::Cancelled } else { State::Declined };
            return vec![finished(&event.order, state)];
        }
        if let Some(event) = event.downcast_ref::<PaymentProcessed>() {
            return vec![money(MONEY_CAPTURED, &event.currency, event.amount)];
        }
        if let Some(event) = event.downcast_ref::<PaymentRefunded>() {
            // Once it is captured, an order goes no other way back: shipping has refused or given it up.
            let state = if event.reason == CANCELLED { State::Cancelled } else { State::Undeliverable };
            return vec![money(MONEY_REFUNDED, &event.currency, event.amount), finished(&event.order, state)];
        }
        if let Some(event) = event.downcast_ref::<ShippingLabelGenerated>() {
            let Order { currency, total, .. } = &*event.order;
            return vec![money(MONEY_FULFILLED, currency, *total), finished(&event.order, State::Fulfilled)];
        }
        Vec::new()
    }

    /// Counts it, as committed at `now`.
    pub fn count(&self, now: Timestamp) {
        match self {
            Self::Decided { by: [scorer, version, engine], outcome, confident, fallback } => {
                counter!(DECISIONS, "scorer" => scorer.clone(), "version" => version.clone(),
                    "engine" => engine.clone(), "outcome" => *outcome, "confident" => word(*confident),
                    "fallback" => word(*fallback))
                .increment(1);
            }
            Self::Finished { state, placed_at } => {
                let state = state.to_string();
                counter!(ORDERS_FINISHED, "state" => state.clone()).increment(1);
                let took = now.duration_since(*placed_at).as_secs_f64().max(0.0);
                histogram!(ORDER_DURATION, "state" => state).record(took);
            }
            Self::Money { metric, currency, minor } => {
                counter!(*metric, "currency" => currency.clone()).increment(*minor);
            }
        }
    }
}

/// The decision; the second outcome is that of a review.
fn decided(decision: &FraudDecision, [alone, reviewed]: [&'static str; 2]) -> Tally {
    let FraudDecision { score, threshold, scorer, scorer_version, engine, .. } = decision;
    Tally::Decided {
        by: [scorer.clone(), scorer_version.clone(), engine.clone()],
        outcome: if decision.reviewer.is_some() { reviewed } else { alone },
        confident: score.max(1.0 - score) > *threshold,
        fallback: decision.fallback.is_some(),
    }
}

fn finished(order: &Order, state: State) -> Tally {
    Tally::Finished { state, placed_at: order.placed_at }
}

/// No amount is negative: what is, is not counted.
fn money(metric: &'static str, currency: &str, minor: i64) -> Tally {
    Tally::Money { metric, currency: currency.to_owned(), minor: u64::try_from(minor).unwrap_or_default() }
}

fn word(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
