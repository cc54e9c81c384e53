//! How the timelines follow from the log: the same events through the same script.

use async_trait::async_trait;
use orderflow::{
    clock::Clock,
    events::{
        BreakerMoved, CustomerErased, DeadLetterDiscarded, DeadLetterEdited, DeadLetterParked,
        DeadLetterRedriven, InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage,
        LabelDocumentStored, OrderCancelRejected, OrderCancelRequested, OrderFraudDetected,
        OrderHeldForReview, OrderPlaced, OrderReviewCancelled, OrderValidatedForFraud, PaymentActionRequired,
        PaymentFailed, PaymentProcessed, PaymentRefunded, PickupScheduled, ReviewDecided, ReviewEscalated,
        ShadowScored, ShippingCancelled, ShippingFailed, ShippingLabelGenerated,
    },
    fault::Fault,
    runtime::put_aside,
    state::{
        State,
        rebuild::{Beyond, Fold, Logged, What, readable},
    },
    topics::{AUDIT, FRAUD, FRAUD_SHADOW, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING, Topic},
};

use crate::{
    acts::note as of_act,
    entry::note,
    erased,
    flow::breakers,
    on_event::OrderEvent,
    on_operator_act::OperatorAct,
    parties,
    put_aside::note as of_letter,
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
        let events = [ORDERS, REVIEWS, FRAUD, FRAUD_SHADOW, INVENTORY, PAYMENTS, SHIPPING, AUDIT];
        events.into_iter().chain(put_aside::topics()).collect()
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut notes = Vec::with_capacity(batch.len());
        let (mut keys, mut placed, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for logged in batch {
            // However old: the set of erased keys has no end.
            if let Some(event) = logged.read::<CustomerErased>()? {
                keys.extend(event.keys);
                continue;
            }
            if let Some(event) = logged.read::<BreakerMoved>()? {
                moved.push(event);
                continue;
            }
            if let Some(put) = readable(logged, logged.put_aside())? {
                notes.extend(of_letter(&put, &logged.envelope, &logged.origin));
                continue;
            }
            // By the record's own time before it is read: years of orders are skipped, not decoded.
            let age = now.duration_since(logged.envelope.time);
            if age < FORGOTTEN
                && let Some(event) = first_of(logged)?
            {
                notes.push(note(&event, &logged.envelope, &logged.origin));
            } else if age < FORGOTTEN
                && let Some(act) = act_of(logged)?
            {
                notes.extend(of_act(&act, &logged.envelope, &logged.origin));
            } else if (FORGOTTEN..parties::LIFE).contains(&age)
                && let Some(event) = logged.read::<OrderPlaced>()?
            {
                placed.push(event.order);
            }
        }
        erased::take_note(state, &keys).await?;
        breakers::take_note(state, &moved).await?;
        parties::take_note(state, now, &placed.iter().map(AsRef::as_ref).collect::<Vec<_>>()).await?;
        Timelines::new(state.clone(), self.clock.clone()).take_note(&notes).await
    }

    fn beyond_the_log(&self) -> &'static [Beyond] {
        &[
            // In which sequence the events of several topics came.
            Beyond { keys: "events:", what: What::FirstWord },
            // Commands are kept as they were first sent; those that were published are on a timeline.
            Beyond { keys: "command:", what: What::All },
        ]
    }
}

/// What an operator has done, if a record says so.
fn act_of(logged: &Logged<'_>) -> Result<Option<OperatorAct>, Fault> {
    macro_rules! first {
        ($($record:ident),+ $(,)?) => {
            $(if let Some(event) = logged.read::<$record>()? { return Ok(Some(event.into())); })+
        };
    }
    first!(DeadLetterRedriven, DeadLetterEdited, DeadLetterParked, DeadLetterDiscarded);
    Ok(None)
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
        ShadowScored,
        InventoryReserved,
        InventoryShortage,
        InventoryReleased,
        InventoryShipped,
        PaymentActionRequired,
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
