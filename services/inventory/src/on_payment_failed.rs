//! Frees what was set aside for an order that will not be paid.

use orderflow::{
    clock::Clock,
    events::{InventoryReleased, PaymentFailed},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::stock::{Release, Stock};

/// Releases the reservations of orders whose payment failed. Reads `payments`, writes `inventory`.
///
/// An order for which nothing is set aside has nothing to free and nothing to say: either another event has released
/// it, and said so, or it was never reserved. Nothing is remembered then, so that a repeat after a late reservation
/// still frees it: a failed payment is final, and units must not wait for it.
pub struct OnPaymentFailed {
    stock: Stock,
    clock: Clock,
}

impl OnPaymentFailed {
    /// The step.
    #[must_use]
    pub fn new(stock: Stock, clock: Clock) -> Self {
        Self { stock, clock }
    }
}

impl Step for OnPaymentFailed {
    const NAME: &'static str = "inventory.on_payment_failed";
    type In = PaymentFailed;
    type Out = InventoryReleased;

    async fn handle(&self, batch: &[Received<PaymentFailed>]) -> Verdicts<InventoryReleased> {
        let asked = batch.iter().map(|Received { event, envelope, .. }| {
            Ok(Release { order_id: event.order.order_id, cause: envelope.id })
        });
        let released = self.stock.release(asked.collect(), self.clock.now()).await?;
        let outcomes = batch.iter().zip(released).map(|(Received { event, .. }, released)| {
            let Some(released_at) = released? else {
                tracing::info!(order_id = %event.order.order_id, "nothing is reserved for this order: nothing to release");
                return Ok(Outcome::nothing());
            };
            let (order, reason) = (event.order.clone(), "payment_failed".to_owned());
            Ok(Outcome::event(InventoryReleased { order, reason, released_at }))
        });
        Ok(outcomes.collect())
    }
}
