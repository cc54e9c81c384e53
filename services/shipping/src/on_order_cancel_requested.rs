//! Takes note of a cancel while there is time, and says so when there is none left.

use orderflow::{
    clock::Clock,
    events::{OrderCancelRejected, OrderCancelRequested},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{domain, states::States};

/// Keeps cancels for the payment to find, and rejects those that come too late. Reads `orders`, writes `shipping`.
///
/// A cancel that comes before the payment is answered by whoever ends the order: payment, or this service once the
/// payment arrives. So it is kept in silence.
pub struct OnOrderCancelRequested {
    /// Where each order stands.
    pub states: States,
    /// The time.
    pub clock: Clock,
}

impl Step for OnOrderCancelRequested {
    const NAME: &'static str = "shipping.on_order_cancel_requested";
    type In = OrderCancelRequested;
    type Out = OrderCancelRejected;

    async fn handle(&self, batch: &[Received<OrderCancelRequested>]) -> Verdicts<OrderCancelRejected> {
        let asked = batch.iter().map(|r| (r.event.order_id, r.envelope.id));
        let rejections = self.states.cancel(asked, self.clock.now()).await?;
        let answers = batch.iter().zip(rejections).map(|(r, rejection)| {
            let rejected = rejection.map(|rejection| domain::rejected(r.event.order_id, rejection));
            Ok(rejected.map_or_else(Outcome::nothing, Outcome::event))
        });
        Ok(answers.collect())
    }
}
