//! Charges a reserved order, once.

use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::{InventoryReserved, Order},
    fault::Fault,
    step::{self, Received, Step, Verdicts},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

pub use crate::domain::PaymentEvent;
use crate::{
    domain::{self, Next, Outcome, Phase, Question},
    gateway::{Answer, Gateway},
    states::States,
};

/// Charges orders whose stock is reserved. Reads `inventory`, writes `payments`.
///
/// Redis remembers that a payment began before the gateway is asked, and how it ended before anyone is told. In
/// between, a repeat asks the gateway again, which answers as it did the first time.
pub struct OnInventoryReserved<G> {
    states: States,
    gateway: G,
    clock: Clock,
    turns: Semaphore,
    limits: Limits,
}

/// What bounds the calls to the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most orders asked for at the same time.
    pub concurrency: usize,
    /// How long all calls of a batch may take; orders without an answer by then are tried again.
    pub batch: Duration,
    /// How long the gateway surely remembers an idempotency key.
    pub key_life: SignedDuration,
}

impl<G: Gateway> Step for OnInventoryReserved<G> {
    const NAME: &'static str = "payment.on_inventory_reserved";
    type In = InventoryReserved;
    type Out = PaymentEvent;

    async fn handle(&self, batch: &[Received<InventoryReserved>]) -> Verdicts<PaymentEvent> {
        let (now, deadline) = (self.clock.now(), Instant::now() + self.limits.batch);
        let orders: Vec<_> = batch.iter().map(|r| (r.event.order.order_id, r.event.valid_until)).collect();
        let phases = self.states.begin(&orders, now).await?;
        let asked = batch.iter().zip(phases).map(|(r, phase)| self.outcome(&r.event, phase, now, deadline));
        let outcomes = join_all(asked).await;
        self.keep(batch, outcomes).await
    }
}

impl<G: Gateway> OnInventoryReserved<G> {
    /// The step with its parts.
    #[must_use]
    pub fn new(states: States, gateway: G, clock: Clock, limits: Limits) -> Self {
        Self { states, gateway, clock, turns: Semaphore::new(limits.concurrency), limits }
    }

    /// How the payment ended: as it is stored, or as the gateway says now.
    async fn outcome(
        &self,
        reserved: &InventoryReserved,
        phase: Phase,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Outcome, Fault> {
        match domain::next(phase, reserved, now, self.limits.key_life) {
            Next::Tell(outcome) => Ok(outcome),
            Next::Ask(question) => {
                let late =
                    |_| Fault::transient("gateway_timeout", "no answer from the gateway in the batch's time");
                let answer =
                    timeout_at(deadline, self.ask(question, &reserved.order)).await.map_err(late)??;
                Ok(domain::outcome(answer, self.clock.now()))
            }
        }
    }

    async fn ask(&self, question: Question, order: &Order) -> Result<Answer, Fault> {
        // Never closed, so there is always a turn.
        let _turn = self.turns.acquire().await;
        match question {
            Question::Void => self.gateway.void(order).await,
            Question::Charge => self.gateway.charge(order).await,
            Question::FindThenCharge => match self.gateway.find(order).await? {
                Some(answer) => Ok(answer),
                None => self.gateway.charge(order).await,
            },
        }
    }

    /// Stores the outcomes and turns those that hold into events; a fault stays with its record.
    async fn keep(
        &self,
        batch: &[Received<InventoryReserved>],
        outcomes: Vec<Result<Outcome, Fault>>,
    ) -> Verdicts<PaymentEvent> {
        let known = batch.iter().zip(&outcomes);
        let known =
            known.filter_map(|(r, outcome)| Some((r.event.order.order_id, outcome.as_ref().ok()?.clone())));
        let mut held = self.states.settle(known.collect()).await?.into_iter();
        let verdict = |(r, asked): (&Received<InventoryReserved>, Result<Outcome, Fault>)| {
            // `settle` answers for each outcome it was given, in their order.
            let outcome = asked.map(|asked| held.next().unwrap_or(asked))?;
            Ok(step::Outcome::event(domain::event(r.event.order.clone(), outcome)))
        };
        Ok(batch.iter().zip(outcomes).map(verdict).collect())
    }
}
