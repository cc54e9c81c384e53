//! Refunds an order that its customer took back before it was shipped.

use orderflow::{
    events::{PaymentRefunded, ShippingCancelled},
    step::{Received, Step, Verdicts},
};

use crate::{domain::refund::reason, gateway::Gateway, refunds::Refunds};

/// Refunds orders that will not be shipped, since their customers have cancelled them in time. Reads `shipping`, writes
/// `payments`.
pub struct OnShippingCancelled<G>(pub Refunds<G>);

impl<G: Gateway> Step for OnShippingCancelled<G> {
    const NAME: &'static str = "payment.on_shipping_cancelled";
    type In = ShippingCancelled;
    type Out = PaymentRefunded;

    async fn handle(&self, batch: &[Received<ShippingCancelled>]) -> Verdicts<PaymentRefunded> {
        self.0.tell(batch.iter().map(|received| &received.event.order), reason::CANCELLED).await
    }
}
