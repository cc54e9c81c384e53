//! Buys a label for a paid order, once; or sees to it that there is none, for an order that was cancelled before.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::PaymentProcessed,
    fault::Fault,
    step::{self, Received, Step, Verdicts},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    addressees::Addressees,
    carrier::{Answer, Carrier, Parcel},
    domain::{self, Next, ShippingEvent},
    standing::{Outcome, Phase},
    states::{Ending, States},
};

/// Buys labels for paid orders, and voids those that were cancelled in time. Reads `payments`, writes `shipping`.
///
/// Redis remembers that a label was begun before the carrier is asked, and how it ended before anyone is told. In
/// between, a repeat asks the carrier again, which answers as it did the first time.
pub struct OnPaymentProcessed {
    /// Where each order stands.
    pub states: States,
    /// Who gets the parcels.
    pub addressees: Addressees,
    /// Who carries them.
    pub carrier: Arc<dyn Carrier>,
    /// The time.
    pub clock: Clock,
    /// Turns at the carrier, so that it is never asked more at once than it takes.
    pub turns: Arc<Semaphore>,
    /// What bounds the questions.
    pub limits: Limits,
}

/// What bounds the questions to the carrier.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long all questions of a batch may take; orders without an answer by then are tried again.
    pub batch: Duration,
    /// How long the carrier surely remembers an idempotency key.
    pub key_life: SignedDuration,
    /// The estimated weight of one unit of anything.
    pub grams_per_unit: u32,
}

impl Step for OnPaymentProcessed {
    const NAME: &'static str = "shipping.on_payment_processed";
    type In = PaymentProcessed;
    type Out = ShippingEvent;

    async fn handle(&self, batch: &[Received<PaymentProcessed>]) -> Verdicts<ShippingEvent> {
        let (now, deadline) = (self.clock.now(), Instant::now() + self.limits.batch);
        let phases = self.states.begin(batch.iter().map(|r| r.event.order.order_id)).await?;
        let asked = batch.iter().zip(phases).map(|(r, phase)| self.outcome(&r.event, phase, now, deadline));
        let outcomes = join_all(asked).await;
        self.keep(batch, outcomes).await
    }
}

impl OnPaymentProcessed {
    /// How the order ended: as it is stored, or as the carrier says now.
    async fn outcome(
        &self,
        paid: &PaymentProcessed,
        phase: Phase,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Outcome, Fault> {
        let next = domain::next(phase, paid.processed_at, now, self.limits.key_life);
        if let Next::Tell(outcome) = next {
            return Ok(outcome);
        }
        let late = |_| Fault::transient("carrier_timeout", "no answer from the carrier in the batch's time");
        let answer = timeout_at(deadline, self.ask(paid, &next)).await.map_err(late)??;
        let at = self.clock.now();
        Ok(answer.map_or_else(|| domain::erased(at), |answer| domain::outcome(answer, at)))
    }

    /// Asks the carrier; `None` when nobody knows where the parcel goes, and no label was bought while one did.
    async fn ask(&self, paid: &PaymentProcessed, next: &Next) -> Result<Option<Answer>, Fault> {
        let order = &paid.order;
        if *next == Next::Void {
            let _turn = self.turns.acquire().await;
            let bought = self.carrier.void(order.order_id).await?;
            return Ok(Some(bought.map_or(Answer::Voided, Answer::Label)));
        }
        let person = self.addressees.of(order).await?;
        // Never closed, so there is always a turn.
        let _turn = self.turns.acquire().await;
        let Some(person) = person else {
            // Not just looked up: a call from before may still be on its way to the carrier.
            return Ok(self.carrier.void(order.order_id).await?.map(Answer::Label));
        };
        if *next == Next::FindThenBuy
            && let Some(label) = self.carrier.find(order.order_id).await?
        {
            return Ok(Some(Answer::Label(label)));
        }
        let parcel = Parcel {
            order_id: order.order_id,
            service_level: domain::service_level(&order.priority),
            to: &person,
            weight_grams: domain::weight_grams(&order.lines, self.limits.grams_per_unit),
        };
        self.carrier.buy(&parcel).await.map(Some)
    }

    /// Stores the outcomes and turns those that hold into events; a fault stays with its record.
    async fn keep(
        &self,
        batch: &[Received<PaymentProcessed>],
        outcomes: Vec<Result<Outcome, Fault>>,
    ) -> Verdicts<ShippingEvent> {
        let known = batch.iter().zip(&outcomes).filter_map(|(r, outcome)| {
            let (order_id, event) = (r.event.order.order_id, r.envelope.id);
            Some(Ending { order_id, event, outcome: outcome.as_ref().ok()?.clone() })
        });
        let mut held = self.states.settle(&known.collect::<Vec<_>>()).await?.into_iter();
        let verdict = |(r, asked): (&Received<PaymentProcessed>, Result<Outcome, Fault>)| {
            // `settle` answers for each outcome it was given, in their order.
            let (outcome, told) = asked.map(|asked| held.next().unwrap_or((asked, None)))?;
            Ok(step::Outcome::events(domain::events(&r.event.order, outcome, told)))
        };
        Ok(batch.iter().zip(outcomes).map(verdict).collect())
    }
}
