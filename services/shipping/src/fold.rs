//! How the state follows from the log. What ended stays ended, from `shipping`; a cancel that waits for its payment
//! comes from `orders`. Of an order that was under way the carrier is asked again, when its payment is read again.

use async_trait::async_trait;
use jiff::SignedDuration;
use orderflow::{
    events::{
        LabelDocumentStored, OrderCancelRejected, OrderCancelRequested, PickupScheduled, ShippingCancelled,
        ShippingFailed, ShippingLabelGenerated,
    },
    fault::Fault,
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    topics::{ORDERS, SHIPPING, Topic},
};
use uuid::Uuid;

use crate::{
    papers::{Folder, Papers, Pickup},
    standing::{Outcome, Rejection, Said},
    states::{LIFE, States},
};

/// The fold over `shipping` and the cancels of `orders`, in whatever order they are read.
#[derive(Debug, Clone, Copy)]
pub struct FromLog;

#[async_trait]
impl Fold for FromLog {
    fn sources(&self) -> Vec<Topic> {
        vec![SHIPPING, ORDERS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let (mut said, mut papers) = (Vec::new(), Vec::new());
        for logged in batch {
            // The event that was answered: a repeat of it must be answered alike.
            let cause = logged.envelope.causation_id.unwrap_or(logged.envelope.id);
            said.extend(logged.read()?.map(labelled));
            said.extend(logged.read()?.map(failed));
            said.extend(logged.read()?.map(cancelled));
            said.extend(logged.read()?.map(|event| rejected(event, cause)));
            said.extend(logged.read()?.map(cancel_requested));
            papers.extend(logged.read()?.map(stored));
            papers.extend(logged.read()?.map(scheduled));
        }
        restore(state, &said, &papers).await
    }

    fn life(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_secs(LIFE.into()))
    }
}

/// Puts back what the log says.
///
/// # Errors
/// Those of [`State::call`].
pub async fn restore(state: &State, said: &[(Uuid, Said)], papers: &[(Uuid, Papers)]) -> Result<(), Fault> {
    States::new(state.clone()).recall(said).await?;
    Folder::new(state.clone()).keep(papers).await.map(drop)
}

/// What this event says of which order.
#[must_use]
pub fn labelled(event: ShippingLabelGenerated) -> (Uuid, Said) {
    let ShippingLabelGenerated { order, label_id, tracking_number, carrier, service_level, generated_at: at } =
        event;
    let outcome = Outcome::Labelled { at, label_id, tracking_number, carrier, service_level };
    (order.order_id, Said::Ended(outcome))
}

/// What this event says of which order.
#[must_use]
pub fn failed(event: ShippingFailed) -> (Uuid, Said) {
    let ShippingFailed { order, reason, carrier_code: code, failed_at: at } = event;
    (order.order_id, Said::Ended(Outcome::Failed { at, reason, code }))
}

/// What this event says of which order.
#[must_use]
pub fn cancelled(event: ShippingCancelled) -> (Uuid, Said) {
    (event.order.order_id, Said::Ended(Outcome::Cancelled { at: event.cancelled_at }))
}

/// What this event, an answer to `cause`, says of which order.
#[must_use]
pub fn rejected(rejected: OrderCancelRejected, cause: Uuid) -> (Uuid, Said) {
    let OrderCancelRejected { order_id, reason, rejected_at: at } = rejected;
    (order_id, Said::Rejected(Rejection { event: cause, at, reason }))
}

/// What this event says of which order.
#[must_use]
pub fn cancel_requested(event: OrderCancelRequested) -> (Uuid, Said) {
    (event.order_id, Said::CancelRequested)
}

/// What this event says of which order.
#[must_use]
pub fn stored(event: LabelDocumentStored) -> (Uuid, Papers) {
    (event.order_id, Papers { stored_at: Some(event.stored_at), pickup: None })
}

/// What this event says of which order.
#[must_use]
pub fn scheduled(event: PickupScheduled) -> (Uuid, Papers) {
    let PickupScheduled { order_id, pickup_id, window_start, window_end, scheduled_at } = event;
    let pickup = Pickup { pickup_id, window_start, window_end, scheduled_at };
    (order_id, Papers { stored_at: None, pickup: Some(pickup) })
}
