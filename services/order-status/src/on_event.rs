//! Takes note of whatever is said about an order.

use orderflow::{
    clock::Clock,
    events::{
        InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage, LabelDocumentStored,
        Nothing, OrderCancelRejected, OrderCancelRequested, OrderFraudDetected, OrderHeldForReview,
        OrderPlaced, OrderReviewCancelled, OrderValidatedForFraud, PaymentActionRequired, PaymentFailed,
        PaymentProcessed, PaymentRefunded, PickupScheduled, ReviewDecided, ReviewEscalated, ShadowScored,
        ShippingCancelled, ShippingFailed, ShippingLabelGenerated,
    },
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    changes::Announcer,
    entry::{Note, note},
    flow::counts::Counts,
    timelines::Timelines,
};

orderflow::events! {
    /// Everything that is said about an order, under its id.
    pub enum OrderEvent {
        OrderPlaced, OrderCancelRequested,
        ReviewDecided, ReviewEscalated,
        OrderValidatedForFraud, OrderFraudDetected, OrderHeldForReview, OrderReviewCancelled,
        ShadowScored,
        InventoryReserved, InventoryShortage, InventoryReleased, InventoryShipped,
        PaymentActionRequired, PaymentProcessed, PaymentFailed, PaymentRefunded,
        ShippingLabelGenerated, LabelDocumentStored, PickupScheduled, ShippingFailed, ShippingCancelled,
        OrderCancelRejected,
    }
}

/// Puts each event on its order's timeline, and tells those who wait for it.
pub struct OnEvent {
    timelines: Timelines,
    announcer: Announcer,
    counts: Counts,
    clock: Clock,
}

impl OnEvent {
    /// The step.
    pub(crate) fn new(timelines: Timelines, announcer: Announcer, counts: Counts, clock: Clock) -> Self {
        Self { timelines, announcer, counts, clock }
    }
}

impl Step for OnEvent {
    const NAME: &'static str = "order-status.on_event";
    const GATHERS: bool = true;
    type In = OrderEvent;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<OrderEvent>]) -> Verdicts<Nothing> {
        let notes: Vec<Note> = batch
            .iter()
            .map(|received| note(&received.event, &received.envelope, &received.origin))
            .collect();
        self.timelines.take_note(&notes).await?;
        // What was read is committed by its writer, so it may be shown before this batch's offsets are.
        self.announcer.announce(notes.iter().map(|note| note.order_id));
        self.counts.take(notes.iter(), self.clock.now());
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
