//! Charges a reserved order, once, or voids one that was cancelled or whose reservation has ended.

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use orderflow::{
    events::InventoryReserved,
    fault::Fault,
    step::{self, Received, Step, Verdicts},
};
use tokio::time::Instant;
use uuid::Uuid;

pub use crate::domain::PaymentEvent;
use crate::{
    charging::{Begun, Charging, Reached},
    domain::{
        Phase,
        wait::{End, Known, Teller, Wait},
    },
    gateway::{Gateway, Opened},
    states::States,
    waits::Waiter,
};

type Batch = [Received<InventoryReserved>];

/// Charges orders whose stock is reserved. Reads `inventory`, writes `payments`.
///
/// Redis remembers that a payment began before the gateway is asked, which payment it is before it is confirmed, and how
/// it ended before anyone is told. In between, a repeat asks the gateway how that payment stands. One that waits for its
/// customer is told of, and a callback or the deadline tells how it ends.
pub struct OnInventoryReserved<G> {
    states: States,
    charging: Charging<G>,
}

impl<G: Gateway> Step for OnInventoryReserved<G> {
    const NAME: &'static str = "payment.on_inventory_reserved";
    type In = InventoryReserved;
    type Out = PaymentEvent;

    async fn handle(&self, batch: &Batch) -> Verdicts<PaymentEvent> {
        let (now, deadline) = (self.charging.clock.now(), self.charging.calls.deadline());
        let begun = self.begin(batch, now, deadline).await?;
        let reached = self.reach(batch, begun, deadline).await;
        let reached = self.wait(batch, reached).await?;
        let reached = self.hasten(batch, reached, deadline).await?;
        self.keep(batch, reached).await
    }
}

impl<G: Gateway> OnInventoryReserved<G> {
    /// The step with its parts.
    #[must_use]
    pub fn new(states: States, charging: Charging<G>) -> Self {
        Self { states, charging }
    }

    /// Begins payments: what is known of each, and which payment it is at the gateway.
    async fn begin(
        &self,
        batch: &Batch,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Vec<Result<Begun, Fault>>, Fault> {
        let orders: Vec<_> = batch.iter().map(|r| (r.event.order.order_id, r.event.valid_until)).collect();
        let known = self.states.begin(&orders, now).await?;
        let opening =
            batch.iter().zip(&known).map(|(r, known)| self.charging.open(&r.event, known, now, deadline));
        let opened = join_all(opening).await;
        let intents = orders.iter().zip(&opened).filter_map(|((id, _), opened)| match opened {
            Ok(Some(Opened::Fresh { intent_id } | Opened::Known { intent_id })) => {
                Some((*id, intent_id.as_str()))
            }
            _ => None,
        });
        let intents: Vec<(Uuid, &str)> = intents.collect();
        let mut stored = self.states.opened(&intents).await?.into_iter();
        let begun = |(known, opened): (Known, Result<Option<Opened>, Fault>)| {
            Ok(match opened? {
                None => Begun::Known(known),
                Some(Opened::Refused(answer)) => Begun::Refused(known, answer),
                // `opened` answers for each intent it was given, in their order.
                Some(Opened::Fresh { intent_id }) => {
                    let (known, fresh) = (stored.next().unwrap_or(known), Some(intent_id));
                    match &known.phase {
                        Phase::Charging { intent_id } if *intent_id == fresh => Begun::Fresh(known),
                        _ => Begun::Known(known),
                    }
                }
                Some(Opened::Known { .. }) => Begun::Known(stored.next().unwrap_or(known)),
            })
        };
        Ok(known.into_iter().zip(opened).map(begun).collect())
    }

    /// Has the gateway take each payment as far as it goes, side by side.
    async fn reach(
        &self,
        batch: &Batch,
        begun: Vec<Result<Begun, Fault>>,
        deadline: Instant,
    ) -> Vec<Result<Reached, Fault>> {
        let reaching = batch
            .iter()
            .zip(begun)
            .map(async |(r, begun)| self.charging.reach(&r.event.order, begun?, deadline).await);
        join_all(reaching).await
    }

    /// Takes down which payments wait.
    async fn wait(
        &self,
        batch: &Batch,
        mut reached: Vec<Result<Reached, Fault>>,
    ) -> Result<Vec<Result<Reached, Fault>>, Fault> {
        let waiters = batch.iter().zip(&reached).enumerate().filter_map(|(i, (r, reached))| match reached {
            Ok(Reached::Waits(wait)) => Some((i, waiter(r, wait))),
            _ => None,
        });
        let (places, waiters): (Vec<usize>, Vec<Waiter>) = waiters.unzip();
        let known = self.states.wait(&waiters, false).await?;
        for (place, known) in places.into_iter().zip(known) {
            reached[place] = Ok(Reached::Known(known));
        }
        Ok(reached)
    }

    /// Looks at payments that wait once more, now that this is stored: a callback that came before was heard in vain. The
    /// deadline of one that has ended meanwhile is now, so that it is told of soon.
    async fn hasten(
        &self,
        batch: &Batch,
        reached: Vec<Result<Reached, Fault>>,
        deadline: Instant,
    ) -> Result<Vec<Result<Reached, Fault>>, Fault> {
        let looking = batch.iter().zip(reached).map(async |(r, reached)| match reached? {
            Reached::Known(Known { phase: Phase::Waiting, wait: Some(wait), teller }) => {
                let has_ended = self.charging.has_ended(&r.event.order, &wait, deadline).await?;
                let entry = has_ended.then(|| waiter(r, &wait).entry());
                Ok((Reached::Known(Known { phase: Phase::Waiting, wait: Some(wait), teller }), entry))
            }
            reached => Ok((reached, None)),
        });
        let looked: Vec<Result<(Reached, Option<String>), Fault>> = join_all(looking).await;
        let ended: Vec<String> = looked.iter().filter_map(|looked| looked.as_ref().ok()?.1.clone()).collect();
        self.states.postpone(&ended, Some(self.charging.clock.now())).await?;
        Ok(looked.into_iter().map(|looked| looked.map(|(reached, _)| reached)).collect())
    }

    /// Stores how payments ended and turns what holds into events; a fault stays with its record.
    async fn keep(&self, batch: &Batch, reached: Vec<Result<Reached, Fault>>) -> Verdicts<PaymentEvent> {
        let ends = batch.iter().zip(&reached).filter_map(|(r, reached)| match reached {
            Ok(Reached::Ended(_, outcome)) => {
                let outcome = outcome.clone();
                let end = End { outcome, teller: Teller::Reservation, knows_wait: false, is_told: false };
                Some((r.event.order.order_id, end))
            }
            _ => None,
        });
        let mut held = self.states.settle(ends.collect()).await?.into_iter();
        let verdict = |(r, reached): (&Received<InventoryReserved>, Result<Reached, Fault>)| {
            let known = match reached? {
                Reached::Known(known) => Some(known),
                // `settle` answers for each end it was given, in their order.
                Reached::Ended(..) => held.next(),
                Reached::Waits(_) => None,
            };
            let known = known.filter(|known| known.is_over() || known.wait.is_some());
            let said = known.ok_or_else(|| overtaken(r))?.to_reservation(&r.event.order);
            Ok(step::Outcome::events(said.into_iter().collect()))
        };
        Ok(batch.iter().zip(reached).map(verdict).collect())
    }
}

fn waiter(record: &Received<InventoryReserved>, wait: &Wait) -> Waiter {
    Waiter {
        order: Arc::clone(&record.event.order),
        wait: wait.clone(),
        cause: record.envelope.clone(),
        partition: record.origin.partition,
    }
}

/// Another instance has taken the payment on meanwhile: the record is read again.
fn overtaken(record: &Received<InventoryReserved>) -> Fault {
    let message = format!("the payment of order {} has gone on elsewhere", record.event.order.order_id);
    Fault::transient("gateway_pending", message)
}
