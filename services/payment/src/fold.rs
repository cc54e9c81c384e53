//! How the state follows from the log: what `payments` says has ended stays ended, and what `orders` says was cancelled
//! is remembered where no payment ended. Of a payment or refund that was under way the gateway is asked again, when the
//! record behind it is read again.

use async_trait::async_trait;
use orderflow::{
    events::{OrderCancelRequested, PaymentFailed, PaymentProcessed, PaymentRefunded},
    fault::Fault,
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    topics::{ORDERS, PAYMENTS, Topic},
};
use uuid::Uuid;

use crate::{
    domain::{Outcome, refund::Refunded},
    states::States,
};

/// The fold over `payments` and `orders`, which may be read in any order.
#[derive(Debug, Clone, Copy)]
pub struct FromLog;

#[async_trait]
impl Fold for FromLog {
    fn sources(&self) -> Vec<Topic> {
        vec![PAYMENTS, ORDERS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let mut said = Said::default();
        for logged in batch {
            said.outcomes.extend(logged.read()?.map(paid));
            said.outcomes.extend(logged.read()?.map(failed));
            said.refunds.extend(logged.read()?.map(refunded));
            said.cancels.extend(logged.read()?.map(|event: OrderCancelRequested| event.order_id));
        }
        restore(&States::new(state.clone()), said).await
    }
}

/// What records of the log say.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// How payments ended.
    pub outcomes: Vec<(Uuid, Outcome)>,
    /// How orders were refunded.
    pub refunds: Vec<(Uuid, Refunded)>,
    /// Which orders were cancelled, in time or not.
    pub cancels: Vec<Uuid>,
}

/// Puts back what the log says. A cancel that came too late when it was first read may look in time here, when the
/// charge it met was never told: the gateway is asked to void then, and says whether there was a charge.
///
/// # Errors
/// Those of [`States::settle`].
pub async fn restore(states: &States, said: Said) -> Result<(), Fault> {
    states.settle(said.outcomes).await?;
    states.settle_refund(said.refunds).await?;
    states.cancel(&said.cancels).await
}

/// What this event says of which order.
#[must_use]
pub fn paid(event: PaymentProcessed) -> (Uuid, Outcome) {
    (event.order.order_id, Outcome::Paid { at: event.processed_at, intent_id: event.intent_id })
}

/// What this event says of which order.
#[must_use]
pub fn failed(event: PaymentFailed) -> (Uuid, Outcome) {
    let PaymentFailed { order, reason, gateway_code: code, failed_at: at } = event;
    (order.order_id, Outcome::Failed { at, reason, code })
}

/// What this event says of which order.
#[must_use]
pub fn refunded(event: PaymentRefunded) -> (Uuid, Refunded) {
    let PaymentRefunded { order, intent_id, refund_id, reason, refunded_at: at, .. } = event;
    (order.order_id, Refunded { at, intent_id, refund_id, reason })
}
