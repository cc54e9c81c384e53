//! Ends a payment that waited, once the gateway says that something has become of it.

use std::sync::Arc;

use futures::future::join_all;
use orderflow::{
    clock::Clock,
    events::{GatewayAnswered, Order},
    fault::Fault,
    step::{self, Received, Step, Verdicts},
};
use tokio::time::Instant;

use crate::{
    callback::REFUND_FAILED,
    calls::Calls,
    domain::{
        self, Outcome, PaymentEnded, Phase,
        wait::{End, Known, Teller},
    },
    gateway::{Gateway, Standing},
    states::States,
};

/// Tells how payments ended that waited for their customers. Reads `payments.callbacks`, writes `payments`.
///
/// A callback only says that it is time to look: they come late, twice, in any order, and of payments that never waited.
/// How the payment stands is asked of the gateway. The first callback that finds it ended tells; a repeat of it tells the
/// same, any other says nothing.
pub struct OnGatewayAnswered<G> {
    /// Where payments stand.
    pub states: States,
    /// The gateway.
    pub calls: Arc<Calls<G>>,
    /// The time.
    pub clock: Clock,
}

/// What is known of a payment that waits, or that this callback has ended; and how the gateway says that it ended.
type Heard = Option<(Known, Arc<Order>, Option<Outcome>)>;

impl<G: Gateway> Step for OnGatewayAnswered<G> {
    const NAME: &'static str = "payment.on_gateway_answered";
    type In = GatewayAnswered;
    type Out = PaymentEnded;

    async fn handle(&self, batch: &[Received<GatewayAnswered>]) -> Verdicts<PaymentEnded> {
        let deadline = self.calls.deadline();
        let callbacks: Vec<_> = batch.iter().map(|r| (r.event.order_id, r.envelope.id)).collect();
        let heard = self.states.heard(&callbacks).await?;
        let asking = batch.iter().zip(heard).map(|(r, heard)| self.ask(r, heard, deadline));
        let heard = join_all(asking).await;
        self.keep(batch, heard).await
    }
}

impl<G: Gateway> OnGatewayAnswered<G> {
    /// How the payment ended, if it waited and has ended now.
    async fn ask(
        &self,
        callback: &Received<GatewayAnswered>,
        heard: Option<(Known, Arc<Order>)>,
        deadline: Instant,
    ) -> Result<Heard, Fault> {
        if callback.event.kind == REFUND_FAILED {
            let order = callback.event.order_id;
            let message =
                format!("the gateway could not give the order's money back after all (order {order})");
            return Err(Fault::poison("refund_failed", message));
        }
        let Some((known, order)) = heard else { return Ok(None) };
        let (Phase::Waiting, Some(wait)) = (&known.phase, &known.wait) else {
            return Ok(Some((known, order, None)));
        };
        let looking = self.calls.gateway.look(&order, &wait.intent_id);
        let ended = match self.calls.answer(deadline, looking).await? {
            Standing::Decided(answer) => Some(domain::outcome(&known.phase, answer, self.clock.now())),
            Standing::Unconfirmed | Standing::Waiting => None,
        };
        Ok(Some((known, order, ended)))
    }

    /// Stores how payments ended and tells what this callback has to tell; a fault stays with its record.
    async fn keep(
        &self,
        batch: &[Received<GatewayAnswered>],
        heard: Vec<Result<Heard, Fault>>,
    ) -> Verdicts<PaymentEnded> {
        let ends = batch.iter().zip(&heard).filter_map(|(r, heard)| match heard {
            Ok(Some((_, order, Some(outcome)))) => {
                let teller = Teller::Callback(r.envelope.id);
                let end = End { outcome: outcome.clone(), teller, knows_wait: true, is_told: false };
                Some((order.order_id, end))
            }
            _ => None,
        });
        let mut held = self.states.settle(ends.collect()).await?.into_iter();
        let verdict = |(r, heard): (&Received<GatewayAnswered>, Result<Heard, Fault>)| {
            let Some((known, order, ended)) = heard? else { return Ok(step::Outcome::nothing()) };
            // `settle` answers for each end it was given, in their order.
            let known = if ended.is_some() { held.next().unwrap_or(known) } else { known };
            let told = known.to(Teller::Callback(r.envelope.id), &order);
            Ok(step::Outcome::events(told.into_iter().collect()))
        };
        Ok(batch.iter().zip(heard).map(verdict).collect())
    }
}
