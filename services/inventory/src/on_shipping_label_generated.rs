//! Takes off the shelf what a carrier has taken on.

use orderflow::{
    clock::Clock,
    events::{InventoryShipped, ShippingLabelGenerated},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    domain::Ending,
    stock::{Settlement, Stock},
};

/// Takes the units of labelled orders off the shelf. Reads `shipping`, writes `inventory`.
///
/// An order for which nothing is set aside has nothing to take: its reservation has ended, and that was told, or
/// nothing is known of it any more.
pub struct OnShippingLabelGenerated {
    stock: Stock,
    clock: Clock,
}

impl OnShippingLabelGenerated {
    /// The step.
    #[must_use]
    pub fn new(stock: Stock, clock: Clock) -> Self {
        Self { stock, clock }
    }
}

impl Step for OnShippingLabelGenerated {
    const NAME: &'static str = "inventory.on_shipping_label_generated";
    const GATHERS: bool = true;
    type In = ShippingLabelGenerated;
    type Out = InventoryShipped;

    async fn handle(&self, batch: &[Received<ShippingLabelGenerated>]) -> Verdicts<InventoryShipped> {
        let asked = batch.iter().map(|Received { event, envelope, .. }| Settlement {
            order_id: event.order.order_id,
            cause: envelope.id,
        });
        let shipped = self.stock.settle(Ending::Shipped, asked, self.clock.now()).await?;
        let outcomes = batch.iter().zip(shipped).map(|(Received { event, .. }, shipped)| {
            let order = event.order.clone();
            let Some(shipped_at) = shipped else {
                // The units of a labelled order should have been there: somebody has to look.
                tracing::warn!(order_id = %order.order_id, "nothing is reserved for this labelled order: nothing to ship");
                return Ok(Outcome::nothing());
            };
            Ok(Outcome::event(InventoryShipped { order, shipped_at }))
        });
        Ok(outcomes.collect())
    }
}
