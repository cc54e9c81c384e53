//! The end of a payment that nobody has confirmed in time.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    fault::{Consequence, Fault},
    runtime::{self, Tick},
    step,
    topics::{INVENTORY, Topic},
};
use tokio::time::Instant;
use tracing::warn;

use crate::{
    calls::Calls,
    domain::{
        self, Outcome, PaymentEnded,
        wait::{End, Known, Teller},
    },
    gateway::Gateway,
    states::States,
    waits::Due,
};

/// Most deadlines of one tick; the rest is due at the next.
const LIMIT: usize = 32;

/// How long a payment that the gateway does not cancel now is left alone.
const LATER: SignedDuration = SignedDuration::from_secs(30);

/// Has the gateway cancel payments that were not confirmed in time, and tells what it says: that they are void, or that
/// they were charged after all. Writes `payments`.
pub struct AtPaymentDeadline<G> {
    /// Where payments stand.
    pub states: States,
    /// The gateway.
    pub calls: Arc<Calls<G>>,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl<G: Gateway> Tick for AtPaymentDeadline<G> {
    const NAME: &'static str = "payment.at_payment_deadline";
    type Out = PaymentEnded;

    async fn due(
        &self,
        now: Timestamp,
        held: &[(Topic, i32)],
    ) -> Result<Vec<runtime::Due<PaymentEnded>>, Fault> {
        let ours = held.iter().filter(|(topic, _)| *topic == INVENTORY);
        let partitions: Vec<i32> = ours.map(|(_, partition)| *partition).collect();
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let due = self.states.due(now, &partitions, LIMIT).await?;
        let ended = self.ended(&due).await?;
        let ends = due.iter().zip(&ended).filter_map(|(due, ended)| Some((due, ended.clone()?)));
        let ends = ends.map(|(due, outcome)| {
            let end = End { outcome, teller: Teller::Deadline, knows_wait: true, is_told: false };
            (due.order.order_id, end)
        });
        let mut held = self.states.settle(ends.collect()).await?.into_iter();
        let told = due.into_iter().zip(ended).filter_map(|(due, ended)| {
            // `settle` answers for each end it was given, in their order.
            let known = if ended.is_some() { held.next()? } else { due.known.clone() };
            told(due, known)
        });
        Ok(told.collect())
    }

    async fn settled(&self, entries: &[String]) -> Result<(), Fault> {
        self.states.postpone(entries, None).await
    }
}

impl<G: Gateway> AtPaymentDeadline<G> {
    /// How the payments that still wait ended, now that the gateway has cancelled them. What it does not cancel now, it
    /// is asked for again later.
    async fn ended(&self, due: &[Due]) -> Result<Vec<Option<Outcome>>, Fault> {
        let deadline = self.calls.deadline();
        let asked = join_all(due.iter().map(|due| self.cancel(due, deadline))).await;
        let mut later = Vec::new();
        let mut ended = Vec::new();
        for (due, asked) in due.iter().zip(asked) {
            ended.push(match asked {
                Err(fault) if fault.consequence() == Consequence::Fatal => return Err(fault),
                Err(fault) => {
                    warn!(code = fault.code(), error = %fault, "a payment's deadline is put off");
                    later.push(due.entry.clone());
                    None
                }
                Ok(ended) => ended,
            });
        }
        self.states.postpone(&later, Some(self.clock.now() + LATER)).await?;
        Ok(ended)
    }

    /// Has the gateway cancel a payment; how it ended then. Nothing when that is known.
    async fn cancel(&self, due: &Due, deadline: Instant) -> Result<Option<Outcome>, Fault> {
        let (Some(wait), false) = (&due.known.wait, due.known.is_over()) else { return Ok(None) };
        let voiding = self.calls.gateway.void(&due.order, Some(&wait.intent_id));
        let answer = self.calls.answer(deadline, voiding).await?;
        Ok(Some(domain::outcome(&due.known.phase, answer, self.clock.now())))
    }
}

/// What the deadline has to tell of a payment; nothing where a callback was quicker.
fn told(due: Due, known: Known) -> Option<runtime::Due<PaymentEnded>> {
    let event = known.to(Teller::Deadline, &due.order)?;
    Some(runtime::Due { entry: due.entry, cause: due.cause, outcome: step::Outcome::event(event) })
}
