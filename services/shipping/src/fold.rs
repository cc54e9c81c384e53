//! How the state follows from the log: from `shipping` alone. What ended stays ended; of a label that was under way the
//! carrier is asked again, when its payment is read again.

use async_trait::async_trait;
use orderflow::{
    events::{LabelDocumentStored, PickupScheduled, ShippingFailed, ShippingLabelGenerated},
    fault::Fault,
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    topics::{SHIPPING, Topic},
};
use uuid::Uuid;

use crate::{
    domain::Outcome,
    papers::{Folder, Papers, Pickup},
    states::States,
};

/// The fold over `shipping`.
#[derive(Debug, Clone, Copy)]
pub struct FromShipping;

#[async_trait]
impl Fold for FromShipping {
    fn sources(&self) -> Vec<Topic> {
        vec![SHIPPING]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let (mut outcomes, mut papers) = (Vec::new(), Vec::new());
        for logged in batch {
            outcomes.extend(logged.read()?.map(labelled));
            outcomes.extend(logged.read()?.map(failed));
            papers.extend(logged.read()?.map(stored));
            papers.extend(logged.read()?.map(scheduled));
        }
        restore(state, &outcomes, &papers).await
    }
}

/// Puts back what the log says.
///
/// # Errors
/// Those of [`State::call`].
pub async fn restore(
    state: &State,
    outcomes: &[(Uuid, Outcome)],
    papers: &[(Uuid, Papers)],
) -> Result<(), Fault> {
    States::new(state.clone()).settle(outcomes).await?;
    Folder::new(state.clone()).keep(papers).await.map(drop)
}

/// What this event says of which order.
#[must_use]
pub fn labelled(event: ShippingLabelGenerated) -> (Uuid, Outcome) {
    let ShippingLabelGenerated { order, label_id, tracking_number, carrier, service_level, generated_at: at } =
        event;
    (order.order_id, Outcome::Labelled { at, label_id, tracking_number, carrier, service_level })
}

/// What this event says of which order.
#[must_use]
pub fn failed(event: ShippingFailed) -> (Uuid, Outcome) {
    let ShippingFailed { order, reason, carrier_code: code, failed_at: at } = event;
    (order.order_id, Outcome::Failed { at, reason, code })
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
