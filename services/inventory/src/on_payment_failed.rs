//! Frees what was set aside for an order that will not be paid.

use orderflow::{
    clock::Clock,
    events::{InventoryReleased, PaymentFailed},
    step::{Received, Step, Verdicts},
};

use crate::{release::release, stock::Stock};

/// Releases the reservations of orders whose payment failed. Reads `payments`, writes `inventory`.
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
    const GATHERS: bool = true;
    type In = PaymentFailed;
    type Out = InventoryReleased;

    async fn handle(&self, batch: &[Received<PaymentFailed>]) -> Verdicts<InventoryReleased> {
        release(&self.stock, self.clock.now(), batch, |event| &event.order, "payment_failed").await
    }
}
