//! What is asked of the carrier, what its answers mean, and how that is told: data in, data out. Where an order stands
//! meanwhile is [`crate::standing`]'s.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orderflow::events::{
    Line, Order, OrderCancelRejected, ShippingCancelled, ShippingFailed, ShippingLabelGenerated,
};
use uuid::Uuid;

use crate::{
    carrier::{Answer, Label},
    standing::{Outcome, Phase, Rejection},
};

orderflow::events! {
    /// What becomes of a paid order.
    #[derive(PartialEq)]
    pub enum ShippingEvent { ShippingLabelGenerated, ShippingFailed, ShippingCancelled, OrderCancelRejected }
}

/// Why an order was not shipped. Stable: they stand in `ShippingFailed.reason`.
pub mod reason {
    /// Nobody lives there, or the carrier does not go there.
    pub const UNDELIVERABLE_ADDRESS: &str = "undeliverable_address";
    /// The carrier does not take the parcel for another reason.
    pub const REFUSED_BY_CARRIER: &str = "refused_by_carrier";
    /// Nobody can read any more who gets it.
    pub const ERASED: &str = "erased";
}

/// The heaviest parcel a label is bought for, in grams; what an order weighs is an estimate anyway.
const HEAVIEST_GRAMS: i64 = 1_000_000;

/// What is left to do for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing but to say how it ended.
    Tell(Outcome),
    /// Ask the carrier for a label; it remembers the order's key.
    Buy,
    /// The carrier may have forgotten the key: look for a label first.
    FindThenBuy,
    /// See to it that there is no label, unless there is one.
    Void,
}

/// What to do next. No label can be older than its payment: as long as the payment is younger than the life of an
/// idempotency key, the key alone keeps a repeat from buying twice.
#[must_use]
pub fn next(phase: Phase, paid_at: Timestamp, now: Timestamp, key_life: SignedDuration) -> Next {
    match phase {
        Phase::Settled(outcome) => Next::Tell(outcome),
        Phase::Cancelling => Next::Void,
        Phase::Labelling if now.duration_since(paid_at) < key_life => Next::Buy,
        Phase::Labelling => Next::FindThenBuy,
    }
}

/// What the carrier's answer means.
#[must_use]
pub fn outcome(answer: Answer, at: Timestamp) -> Outcome {
    match answer {
        Answer::Label(Label { label_id, tracking_number, carrier, service_level }) => {
            Outcome::Labelled { at, label_id, tracking_number, carrier, service_level }
        }
        Answer::Refused { undeliverable, code } => {
            let reason =
                if undeliverable { reason::UNDELIVERABLE_ADDRESS } else { reason::REFUSED_BY_CARRIER };
            Outcome::Failed { at, reason: reason.to_owned(), code }
        }
        Answer::Voided => Outcome::Cancelled { at },
    }
}

/// The outcome of an order whose address nobody can read.
#[must_use]
pub fn erased(at: Timestamp) -> Outcome {
    Outcome::Failed { at, reason: reason::ERASED.to_owned(), code: None }
}

/// What to tell of an outcome, and of a cancel that came too late for it.
///
/// The rejection goes first: should a crash leave only a part on the log, then not a label without the rejection that
/// belongs to it, since nothing would ever bring that back.
#[must_use]
pub fn events(order: &Arc<Order>, outcome: Outcome, told: Option<Rejection>) -> Vec<ShippingEvent> {
    let rejected = told.map(|rejection| rejected(order.order_id, rejection).into());
    rejected.into_iter().chain([event(order.clone(), outcome)]).collect()
}

/// The event that tells of a rejected cancel.
#[must_use]
pub fn rejected(order_id: Uuid, Rejection { at, reason, .. }: Rejection) -> OrderCancelRejected {
    OrderCancelRejected { order_id, reason, rejected_at: at }
}

fn event(order: Arc<Order>, outcome: Outcome) -> ShippingEvent {
    match outcome {
        Outcome::Labelled { at: generated_at, label_id, tracking_number, carrier, service_level } => {
            ShippingLabelGenerated { order, label_id, tracking_number, carrier, service_level, generated_at }
                .into()
        }
        Outcome::Failed { at, reason, code } => {
            ShippingFailed { order, reason, carrier_code: code, failed_at: at }.into()
        }
        Outcome::Cancelled { at } => ShippingCancelled { order, cancelled_at: at }.into(),
    }
}

/// How fast an order of this priority travels.
#[must_use]
pub fn service_level(priority: &str) -> &'static str {
    if priority == "express" { "express" } else { "standard" }
}

/// What an order weighs, estimated: so much per unit, between one gram and the heaviest parcel.
#[must_use]
pub fn weight_grams(lines: &[Line], grams_per_unit: u32) -> u32 {
    let units: i64 = lines.iter().map(|line| i64::from(line.quantity.max(0))).sum();
    let grams = units.saturating_mul(grams_per_unit.into()).clamp(1, HEAVIEST_GRAMS);
    u32::try_from(grams).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_young_payment_buys_and_an_old_one_looks_first() {
        let life = SignedDuration::from_hours(23);
        assert_eq!(next(Phase::Labelling, at(0), at(10), life), Next::Buy);
        assert_eq!(next(Phase::Labelling, at(0), at(23 * 3600), life), Next::FindThenBuy);
        let done = erased(at(5));
        assert_eq!(next(Phase::Settled(done.clone()), at(0), at(10), life), Next::Tell(done));
        assert_eq!(next(Phase::Cancelling, at(0), at(10), life), Next::Void);
    }

    #[test]
    fn a_refusal_is_an_outcome_with_the_carriers_code() {
        let code = Some("too_large".to_owned());
        let refused = |undeliverable| outcome(Answer::Refused { undeliverable, code: code.clone() }, at(1));
        let failed = |reason: &str| Outcome::Failed { at: at(1), reason: reason.into(), code: code.clone() };
        assert_eq!(refused(true), failed("undeliverable_address"));
        assert_eq!(refused(false), failed("refused_by_carrier"));
    }

    #[test]
    fn no_order_weighs_nothing_or_more_than_a_label_can_say() {
        let lines = |quantity| vec![Line { sku: "A".into(), quantity, unit_price: 1 }; 2000];
        assert_eq!(weight_grams(&lines(1), 250), 500_000);
        assert_eq!(weight_grams(&lines(i32::MAX), u32::MAX), 1_000_000);
        assert_eq!(weight_grams(&lines(0), 250), 1);
    }
}
