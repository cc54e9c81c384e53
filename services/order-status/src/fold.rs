//! How the timelines follow from the log: the same events through the same script.

use async_trait::async_trait;
use orderflow::{
    clock::Clock,
    events::{
        InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage, LabelDocumentStored,
        OrderCancelRejected, OrderCancelRequested, OrderFraudDetected, OrderHeldForReview, OrderPlaced,
        OrderReviewCancelled, OrderValidatedForFraud, PaymentFailed, PaymentProcessed, PaymentRefunded,
        PickupScheduled, ReviewDecided, ReviewEscalated, ShippingCancelled, ShippingFailed,
        ShippingLabelGenerated,
    },
    fault::{Consequence, Fault},
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    topics::{FRAUD, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING, Topic},
};

use crate::{
    entry::note,
    on_event::OrderEvent,
    timelines::{FORGOTTEN, Timelines},
};

/// Restores the timelines from every topic they are made of.
pub struct RestoreTimelines {
    /// Tells which events are too old to be shown.
    pub clock: Clock,
}

#[async_trait]
impl Fold for RestoreTimelines {
    fn sources(&self) -> Vec<Topic> {
        vec![ORDERS, REVIEWS, FRAUD, INVENTORY, PAYMENTS, SHIPPING]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut notes = Vec::with_capacity(batch.len());
        for logged in batch {
            // By the record's own time before it is read: years of orders are skipped, not decoded.
            if now.duration_since(logged.envelope.time) < FORGOTTEN
                && let Some(event) = read(logged)?
            {
                notes.push(note(&event, &logged.envelope, &logged.origin));
            }
        }
        Timelines::new(state.clone(), self.clock.clone()).take_note(&notes).await
    }
}

/// As [`first_of`]; a record that cannot be read was a dead letter then, and must not stop a rebuild now.
fn read(logged: &Logged<'_>) -> Result<Option<OrderEvent>, Fault> {
    match first_of(logged) {
        Err(fault) if fault.consequence() == Consequence::Poison => {
            tracing::warn!(code = fault.code(), %fault, topic = %logged.origin.topic, "passed over in a rebuild");
            Ok(None)
        }
        read => read,
    }
}

/// The event in a record; `None` for a record type of a later version.
fn first_of(logged: &Logged<'_>) -> Result<Option<OrderEvent>, Fault> {
    macro_rules! first {
        ($($record:ident),+ $(,)?) => {
            $(if let Some(event) = logged.read::<$record>()? { return Ok(Some(event.into())); })+
        };
    }
    first!(
        OrderPlaced,
        OrderCancelRequested,
        ReviewDecided,
        ReviewEscalated,
        OrderValidatedForFraud,
        OrderFraudDetected,
        OrderHeldForReview,
        OrderReviewCancelled,
        InventoryReserved,
        InventoryShortage,
        InventoryReleased,
        InventoryShipped,
        PaymentProcessed,
        PaymentFailed,
        PaymentRefunded,
        ShippingLabelGenerated,
        LabelDocumentStored,
        PickupScheduled,
        ShippingFailed,
        ShippingCancelled,
        OrderCancelRejected,
    );
    Ok(None)
}
