//! Giving an order's money back, once, whatever the cause: what the steps behind a shipment that will not happen share.

use std::sync::Arc;

use futures::future::join_all;
use orderflow::{
    clock::Clock,
    events::{Order, PaymentRefunded},
    fault::Fault,
    faults::{Plant, planted},
    step::{Outcome, Verdicts},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    calls::Calls,
    domain::{
        Phase,
        refund::{self, Next, Refund, Refunded},
    },
    gateway::{self, Answer, Gateway, never_charged},
    states::States,
};

/// Refunds orders and tells it.
///
/// Redis remembers the cause before the gateway is asked, and the refund before anyone is told. In between, a repeat
/// asks the gateway again, which looks whether the money went back before it sends any.
pub struct Refunds<G> {
    states: States,
    calls: Arc<Calls<G>>,
    clock: Clock,
}

impl<G: Gateway> Refunds<G> {
    /// Refunds at this gateway.
    #[must_use]
    pub fn new(states: States, calls: Arc<Calls<G>>, clock: Clock) -> Self {
        Self { states, calls, clock }
    }

    /// Refunds these orders for this reason, one of [`refund::reason`], and tells of each that was refunded for it.
    ///
    /// # Errors
    /// Those of [`States::begin_refund`].
    pub async fn tell(
        &self,
        orders: impl Iterator<Item = &Arc<Order>>,
        reason: &'static str,
    ) -> Verdicts<PaymentRefunded> {
        let orders: Vec<&Arc<Order>> = orders.collect();
        let deadline = self.calls.deadline();
        let ids: Vec<Uuid> = orders.iter().map(|order| order.order_id).collect();
        let found = self.states.begin_refund(&ids, reason).await?;
        let asked =
            orders.iter().zip(found).map(|(order, found)| self.outcome(order, found, reason, deadline));
        let outcomes = join_all(asked).await;
        self.keep(orders, outcomes, reason).await
    }

    /// How the money went back: as it is stored, or as the gateway says now. `None` when another cause tells it.
    async fn outcome(
        &self,
        order: &Order,
        (payment, refund): (Option<Phase>, Refund),
        reason: &'static str,
        deadline: Instant,
    ) -> Result<Option<Refunded>, Fault> {
        match refund::next(payment.as_ref(), refund, reason) {
            Next::Tell(outcome) => Ok(Some(outcome)),
            Next::Silence => Ok(None),
            Next::Unpaid => Err(never_charged(order)),
            Next::Ask { intent_id } => {
                let asked = self.calls.answer(deadline, self.ask(order, intent_id));
                let (intent_id, refund_id) = asked.await?;
                Ok(Some(Refunded { at: self.clock.now(), intent_id, refund_id, reason: reason.to_owned() }))
            }
        }
    }

    /// Has the gateway refund the payment, which it finds by the order's id when nobody else knows it.
    async fn ask(&self, order: &Order, intent_id: Option<String>) -> Result<(String, String), Fault> {
        let gateway = &self.calls.gateway;
        let intent_id = match intent_id {
            Some(intent_id) => intent_id,
            None => match gateway.find(order).await? {
                Some(Answer::Charged { intent_id }) => intent_id,
                Some(Answer::Declined { .. } | Answer::Voided) | None => return Err(never_charged(order)),
            },
        };
        if planted(Plant::RefundLost) {
            return Ok((intent_id, "re_planted".to_owned()));
        }
        let gateway::Refunded { refund_id } = gateway.refund(order, &intent_id).await?;
        Ok((intent_id, refund_id))
    }

    /// Stores the outcomes and turns those that hold, and are this cause's to tell, into events.
    async fn keep(
        &self,
        orders: Vec<&Arc<Order>>,
        outcomes: Vec<Result<Option<Refunded>, Fault>>,
        reason: &'static str,
    ) -> Verdicts<PaymentRefunded> {
        let known = orders.iter().zip(&outcomes);
        let known =
            known.filter_map(|(order, outcome)| Some((order.order_id, outcome.as_ref().ok()?.clone()?)));
        let mut held = self.states.settle_refund(known.collect()).await?.into_iter();
        let verdict = |(order, outcome): (&Arc<Order>, Result<Option<Refunded>, Fault>)| {
            // `settle_refund` answers for each outcome it was given, in their order.
            let outcome = outcome?.map(|asked| held.next().unwrap_or(asked));
            let told = outcome.and_then(|outcome| refund::tell(outcome, reason));
            Ok(told
                .map_or_else(Outcome::nothing, |told| Outcome::event(refund::event(Arc::clone(order), told))))
        };
        Ok(orders.into_iter().zip(outcomes).map(verdict).collect())
    }
}
