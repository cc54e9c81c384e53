//! Refunds an order that the carrier will not take.

use orderflow::{
    events::{PaymentRefunded, ShippingFailed},
    step::{Received, Step, Verdicts},
};

use crate::{domain::refund::reason, gateway::Gateway, refunds::Refunds};

/// Refunds orders that will not be shipped, since the carrier does not take them. Reads `shipping`, writes `payments`.
pub struct OnShippingFailed<G>(pub Refunds<G>);

impl<G: Gateway> Step for OnShippingFailed<G> {
    const NAME: &'static str = "payment.on_shipping_failed";
    type In = ShippingFailed;
    type Out = PaymentRefunded;

    async fn handle(&self, batch: &[Received<ShippingFailed>]) -> Verdicts<PaymentRefunded> {
        self.0.tell(batch.iter().map(|received| &received.event.order), reason::SHIPPING_FAILED).await
    }
}
