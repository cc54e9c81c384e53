//! Frees what was set aside for an order that was paid and will not be shipped.

use orderflow::{
    clock::Clock,
    events::{InventoryReleased, PaymentRefunded},
    step::{Received, Step, Verdicts},
};

use crate::{release::release, stock::Stock};

/// Releases the reservations of orders whose payment went back. Reads `payments`, writes `inventory`.
pub struct OnPaymentRefunded {
    stock: Stock,
    clock: Clock,
}

impl OnPaymentRefunded {
    /// The step.
    #[must_use]
    pub fn new(stock: Stock, clock: Clock) -> Self {
        Self { stock, clock }
    }
}

impl Step for OnPaymentRefunded {
    const NAME: &'static str = "inventory.on_payment_refunded";
    const GATHERS: bool = true;
    type In = PaymentRefunded;
    type Out = InventoryReleased;

    async fn handle(&self, batch: &[Received<PaymentRefunded>]) -> Verdicts<InventoryReleased> {
        release(&self.stock, self.clock.now(), batch, |event| &event.order, "refunded").await
    }
}
