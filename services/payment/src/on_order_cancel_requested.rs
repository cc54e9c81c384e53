//! Remembers that an order was cancelled before its payment began.

use orderflow::{
    events::{Nothing, OrderCancelRequested},
    step::{Outcome, Received, Step, Verdicts},
};
use uuid::Uuid;

use crate::states::States;

/// Takes note of requests to cancel. Reads `orders`, writes nothing.
///
/// A request that comes before the payment has begun makes it impossible; that is said when the order's reservation is
/// read, and only once the gateway has confirmed it. One that comes later changes nothing here: how the payment ends is
/// the gateway's answer, and after that shipping decides.
pub struct OnOrderCancelRequested(pub States);

impl Step for OnOrderCancelRequested {
    const NAME: &'static str = "payment.on_order_cancel_requested";
    type In = OrderCancelRequested;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<OrderCancelRequested>]) -> Verdicts<Nothing> {
        let orders: Vec<Uuid> = batch.iter().map(|received| received.event.order_id).collect();
        self.0.cancel(&orders).await?;
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
