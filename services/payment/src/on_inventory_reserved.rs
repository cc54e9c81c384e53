//! Charges a reserved order, once, or voids one that was cancelled or whose reservation has ended.

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::{InventoryReserved, Order},
    fault::Fault,
    step::{self, Received, Step, Verdicts},
};
use tokio::time::Instant;

pub use crate::domain::PaymentEvent;
use crate::{
    calls::Calls,
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
    calls: Arc<Calls<G>>,
    clock: Clock,
}

impl<G: Gateway> Step for OnInventoryReserved<G> {
    const NAME: &'static str = "payment.on_inventory_reserved";
    type In = InventoryReserved;
    type Out = PaymentEvent;

    async fn handle(&self, batch: &[Received<InventoryReserved>]) -> Verdicts<PaymentEvent> {
        let (now, deadline) = (self.clock.now(), self.calls.deadline());
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
    pub fn new(states: States, calls: Arc<Calls<G>>, clock: Clock) -> Self {
        Self { states, calls, clock }
    }

    /// How the payment ended: as it is stored, or as the gateway says now.
    async fn outcome(
        &self,
        reserved: &InventoryReserved,
        phase: Phase,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Outcome, Fault> {
        match domain::next(&phase, reserved, now, self.calls.limits.key_life) {
            Next::Tell(outcome) => Ok(outcome),
            Next::Ask(question) => {
                let answer = self.calls.answer(deadline, self.ask(question, &reserved.order)).await?;
                Ok(domain::outcome(&phase, answer, self.clock.now()))
            }
        }
    }

    async fn ask(&self, question: Question, order: &Order) -> Result<Answer, Fault> {
        let gateway = &self.calls.gateway;
        match question {
            Question::Void => gateway.void(order).await,
            Question::Charge => gateway.charge(order).await,
            Question::FindThenCharge => match gateway.find(order).await? {
                Some(answer) => Ok(answer),
                None => gateway.charge(order).await,
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
