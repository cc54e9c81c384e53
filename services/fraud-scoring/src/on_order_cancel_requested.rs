//! The hop: from a request to cancel to the end of an order that was held for review.

use orderflow::{
    clock::Clock,
    events::{OrderCancelRequested, OrderReviewCancelled},
    step::{Outcome, Received, Step, Verdicts},
};
use uuid::Uuid;

use crate::{domain::Closing, held::Review, reviews::Reviews};

/// Closes a held order that its customer takes back. Reads `orders`, writes `fraud`.
///
/// Says nothing of an order that is not held, or no longer: payment or shipping answers then, or has no need to.
pub struct OnOrderCancelRequested {
    /// The held orders.
    pub reviews: Reviews,
    /// For `cancelled_at`.
    pub clock: Clock,
}

impl Step for OnOrderCancelRequested {
    const NAME: &'static str = "fraud-scoring.on_order_cancel_requested";
    type In = OrderCancelRequested;
    type Out = OrderReviewCancelled;

    async fn handle(&self, batch: &[Received<OrderCancelRequested>]) -> Verdicts<OrderReviewCancelled> {
        let now = self.clock.now();
        let closings: Vec<(Uuid, Closing)> = batch
            .iter()
            .map(|received| (received.event.order_id, Closing::cancelled(received.envelope.id, now)))
            .collect();
        let closed = self.reviews.close(&closings).await?;
        Ok(closed.into_iter().map(|closed| Ok(answer(closed))).collect())
    }
}

fn answer(closed: Option<Review>) -> Outcome<OrderReviewCancelled> {
    match closed {
        Some(Review { held, closing: Some(closing) }) => {
            Outcome::event(OrderReviewCancelled { order: held.order, cancelled_at: closing.at })
        }
        _ => Outcome::nothing(),
    }
}
