//! The deadlines of a review: at half time people are reminded, at its end policy decides.

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    events::{OrderFraudDetected, OrderValidatedForFraud, ReviewEscalated},
    fault::Fault,
    runtime::{Due, Tick},
    step::Outcome,
    topics::{ORDERS, Topic},
};

use crate::{
    held::{Expired, Held, Review},
    reviews::Reviews,
};

/// Most entries of one tick; the rest is due at the next.
const LIMIT: usize = 100;

orderflow::events! {
    /// What comes of a held order that nobody has reviewed.
    pub enum DeadlineEvent { ReviewEscalated, OrderValidatedForFraud, OrderFraudDetected }
}

/// Reminds of held orders, once, and decides those that nobody has reviewed in time. Writes `reviews` and `fraud`.
///
/// A late tick keeps the sequence: it reminds first, and decides once the reminder is committed.
pub struct AtReviewDeadline {
    reviews: Reviews,
    expired: Expired,
}

impl AtReviewDeadline {
    /// Deadlines of these reviews; at the end a score above `reject_above` (0 to 1) is refused, any other approved.
    #[must_use]
    pub fn new(reviews: Reviews, reject_above: f64) -> Self {
        let expired = Expired { reject_above, reviewer: "policy", reason: "nobody decided in time" };
        Self { reviews, expired }
    }
}

#[async_trait]
impl Tick for AtReviewDeadline {
    const NAME: &'static str = "fraud-scoring.at_review_deadline";
    type Out = DeadlineEvent;

    async fn due(&self, now: Timestamp, held: &[(Topic, i32)]) -> Result<Vec<Due<DeadlineEvent>>, Fault> {
        let ours = held.iter().filter(|(topic, _)| *topic == ORDERS);
        let partitions: Vec<i32> = ours.map(|(_, partition)| *partition).collect();
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let due = self.reviews.due(now, &partitions, LIMIT, &self.expired).await?;
        Ok(due.into_iter().map(entry).collect())
    }

    async fn settled(&self, entries: &[String]) -> Result<(), Fault> {
        self.reviews.settled(entries).await
    }
}

fn entry(review: Review) -> Due<DeadlineEvent> {
    Due {
        entry: review.entry(),
        cause: review.held.cause.clone(),
        outcome: if review.closing.is_some() {
            review.decided()
        } else {
            Outcome::event(reminder(&review.held))
        },
    }
}

/// Its time is the deadline, not the tick's: a repeat after a rebuild must say the same.
fn reminder(held: &Held) -> ReviewEscalated {
    ReviewEscalated {
        order_id: held.order.order_id,
        score: held.decision.score,
        held_at: held.decision.decided_at,
        review_by: held.times.review_by,
        escalated_at: held.times.escalate_at,
    }
}
