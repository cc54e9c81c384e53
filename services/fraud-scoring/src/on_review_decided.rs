//! The hop: from a person's decision on a held order to what becomes of the order.

use orderflow::{
    events::{OrderFraudDetected, OrderValidatedForFraud, ReviewDecided},
    fault::Fault,
    step::{Outcome, Received, Step, Verdicts},
};
use uuid::Uuid;

use crate::{
    domain::{Closing, Ending},
    held::Review,
    reviews::Reviews,
};

orderflow::events! {
    /// What becomes of a reviewed order.
    pub enum ReviewEvent { OrderValidatedForFraud, OrderFraudDetected }
}

/// Closes held orders by the first decision of a person. Reads `reviews`, writes `fraud`.
///
/// Says nothing to a later decision, nor to one on an order that was never held.
pub struct OnReviewDecided {
    /// The held orders.
    pub reviews: Reviews,
}

impl Step for OnReviewDecided {
    const NAME: &'static str = "fraud-scoring.on_review_decided";
    type In = ReviewDecided;
    type Out = ReviewEvent;

    async fn handle(&self, batch: &[Received<ReviewDecided>]) -> Verdicts<ReviewEvent> {
        let closings: Vec<Result<(Uuid, Closing), Fault>> = batch.iter().map(closing).collect();
        let readable: Vec<(Uuid, Closing)> = closings.iter().flatten().cloned().collect();
        let mut closed = self.reviews.close(&readable).await?.into_iter();
        // A faulty record takes no answer of the script; the others take theirs in order.
        Ok(closings.into_iter().map(|closing| closing.map(|_| answer(closed.next().flatten()))).collect())
    }
}

/// Which order a review closes, and how.
fn closing(received: &Received<ReviewDecided>) -> Result<(Uuid, Closing), Fault> {
    let review = &received.event;
    let Some(ending) = Ending::of_review(&review.decision) else {
        let message = "a review decides neither `approve` nor `reject`";
        return Err(Fault::poison("unknown_review_decision", message));
    };
    let closing = Closing {
        by: received.envelope.id,
        ending,
        at: review.decided_at,
        reviewer: review.reviewer.clone(),
        reason: review.reason.clone(),
    };
    Ok((review.order_id, closing))
}

fn answer(closed: Option<Review>) -> Outcome<ReviewEvent> {
    closed.map_or_else(Outcome::nothing, Review::decided)
}
