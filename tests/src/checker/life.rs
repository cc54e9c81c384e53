//! Which lives an order may have, as a table of its own: the facts that must be there, and those that may.

use std::collections::BTreeSet;

use super::event::Event;

/// How an order may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum End {
    Rejected,
    OutOfStock,
    Declined,
    Cancelled,
    Undeliverable,
    Fulfilled,
}

/// What an event says of its order's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Fact {
    Fraud,
    Held,
    ReviewCancelled,
    Validated,
    Short,
    Reserved,
    Asked,
    Unpaid,
    PaymentCancelled,
    Paid,
    Labelled,
    Refused,
    ShippingCancelled,
    Refunded,
    Released,
    Shipped,
    Documented,
    PickedUp,
    CancelRejected,
}

use Fact::*;

/// An end, what it takes, and what else may be told on the way there.
type Life = (End, &'static [Fact], &'static [Fact]);

const LIVES: [Life; 8] = [
    (End::Rejected, &[Fraud], &[Held]),
    (End::Cancelled, &[Held, ReviewCancelled], &[]),
    (End::OutOfStock, &[Validated, Short], &[Held]),
    (End::Declined, &[Validated, Reserved, Unpaid], &[Held, Asked, Released]),
    (End::Cancelled, &[Validated, Reserved, PaymentCancelled], &[Held, Asked, Released]),
    (
        End::Undeliverable,
        &[Validated, Reserved, Paid, Refused, Refunded],
        &[Held, Asked, Released, CancelRejected],
    ),
    (End::Cancelled, &[Validated, Reserved, Paid, ShippingCancelled, Refunded], &[Held, Asked, Released]),
    (
        End::Fulfilled,
        &[Validated, Reserved, Paid, Labelled],
        &[Held, Asked, Shipped, Documented, PickedUp, CancelRejected],
    ),
];

impl Fact {
    /// What an event says; nothing when it says nothing of its order's life.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        Some(match event.kind.as_str() {
            "OrderFraudDetected" => Fraud,
            "OrderHeldForReview" => Held,
            "OrderReviewCancelled" => ReviewCancelled,
            "OrderValidatedForFraud" => Validated,
            "InventoryShortage" => Short,
            "InventoryReserved" => Reserved,
            "InventoryReleased" => Released,
            "InventoryShipped" => Shipped,
            "PaymentActionRequired" => Asked,
            "PaymentFailed" if event.text("/reason") == "cancelled" => PaymentCancelled,
            "PaymentFailed" => Unpaid,
            "PaymentProcessed" => Paid,
            "PaymentRefunded" => Refunded,
            "ShippingLabelGenerated" => Labelled,
            "ShippingFailed" => Refused,
            "ShippingCancelled" => ShippingCancelled,
            "LabelDocumentStored" => Documented,
            "PickupScheduled" => PickedUp,
            "OrderCancelRejected" => CancelRejected,
            _ => return None,
        })
    }
}

/// The end of the one life that these facts are.
#[must_use]
pub fn end(facts: &BTreeSet<Fact>) -> Option<End> {
    let fits = |(_, must, may): &&Life| {
        must.iter().all(|fact| facts.contains(fact))
            && facts.iter().all(|fact| must.contains(fact) || may.contains(fact))
    };
    LIVES.iter().find(fits).map(|(end, ..)| *end)
}

/// Whether these facts can still become a life.
#[must_use]
pub fn may_go_on(facts: &BTreeSet<Fact>) -> bool {
    LIVES.iter().any(|(_, must, may)| facts.iter().all(|fact| must.contains(fact) || may.contains(fact)))
}
