//! How the state follows from the log: what `payments` says has ended stays ended, and what `orders` says was cancelled
//! is remembered where no payment ended. What waits for its customer waits again, for its old deadline. Of a payment or
//! refund that was under way the gateway is asked again, when the record behind it is read again.

use async_trait::async_trait;
use jiff::SignedDuration;
use orderflow::{
    envelope::Envelope,
    events::{OrderCancelRequested, PaymentActionRequired, PaymentFailed, PaymentProcessed, PaymentRefunded},
    fault::Fault,
    runtime::Tick,
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    step::Step,
    topics::{ORDERS, PAYMENTS, Topic},
};
use uuid::Uuid;

use crate::{
    at_payment_deadline::AtPaymentDeadline,
    domain::{
        Outcome,
        refund::Refunded,
        wait::{End, Teller, Wait},
    },
    http_gateway::HttpGateway,
    on_gateway_answered::OnGatewayAnswered,
    states::{LIFE, States},
    waits::Waiter,
};

/// The steps that tell how a payment ended that has waited.
const CALLBACKS: &str = <OnGatewayAnswered<HttpGateway> as Step>::NAME;
const DEADLINE: &str = <AtPaymentDeadline<HttpGateway> as Tick>::NAME;

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
            let teller = teller(&logged.envelope);
            said.ends.extend(logged.read()?.map(|event| paid(event, teller)));
            said.ends.extend(logged.read()?.map(|event| failed(event, teller)));
            said.waiters
                .extend(logged.read()?.map(|event| waiter(event, &logged.envelope, logged.origin.partition)));
            said.refunds.extend(logged.read()?.map(refunded));
            said.cancels.extend(logged.read()?.map(|event: OrderCancelRequested| event.order_id));
        }
        restore(&States::new(state.clone()), said).await
    }

    fn life(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_secs(LIFE.into()))
    }
}

/// What records of the log say.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Which payments wait or have waited.
    pub waiters: Vec<Waiter>,
    /// How payments ended.
    pub ends: Vec<(Uuid, End)>,
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
    states.wait(&said.waiters, true).await?;
    states.settle(said.ends).await?;
    states.settle_refund(said.refunds).await?;
    states.cancel(&said.cancels).await
}

/// Who has said so: see [`crate::domain::wait`].
#[must_use]
pub fn teller(said: &Envelope) -> Teller {
    match (said.source.as_str(), said.causation_id) {
        (CALLBACKS, Some(callback)) => Teller::Callback(callback),
        (DEADLINE, _) => Teller::Deadline,
        _ => Teller::Reservation,
    }
}

/// What this event says of which order.
#[must_use]
pub fn paid(event: PaymentProcessed, teller: Teller) -> (Uuid, End) {
    let outcome = Outcome::Paid { at: event.processed_at, intent_id: event.intent_id };
    (event.order.order_id, told(outcome, teller))
}

/// What this event says of which order.
#[must_use]
pub fn failed(event: PaymentFailed, teller: Teller) -> (Uuid, End) {
    let PaymentFailed { order, reason, gateway_code: code, failed_at: at } = event;
    (order.order_id, told(Outcome::Failed { at, reason, code }, teller))
}

fn told(outcome: Outcome, teller: Teller) -> End {
    End { outcome, teller, knows_wait: true, is_told: true }
}

/// Who waits by this event, which stands in this partition: that of the reservation, since both have one key.
#[must_use]
pub fn waiter(event: PaymentActionRequired, said: &Envelope, partition: i32) -> Waiter {
    let PaymentActionRequired { order, intent_id, respond_by, required_at } = event;
    // Without a cause there is no reservation to repeat, but the deadline stands all the same.
    let cause = Envelope { id: said.causation_id.unwrap_or(said.id), ..said.clone() };
    Waiter { order, wait: Wait { required_at, respond_by, intent_id }, cause, partition }
}

/// What this event says of which order.
#[must_use]
pub fn refunded(event: PaymentRefunded) -> (Uuid, Refunded) {
    let PaymentRefunded { order, intent_id, refund_id, reason, refunded_at: at, .. } = event;
    (order.order_id, Refunded { at, intent_id, refund_id, reason })
}
