//! What a record on `fraud` says of its order, whichever of its types it is.

use std::sync::Arc;

use anyhow::Result;
use fraud_scoring::domain::ReviewTimes;
use orderflow::events::{
    FraudDecision, Order, OrderFraudDetected, OrderHeldForReview, OrderValidatedForFraud, Record as _,
};

use super::{Decoder, Entry};

/// A decision on an order.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The order.
    pub order: Arc<Order>,
    /// The decision.
    pub decision: FraudDecision,
    /// When it holds the order: the deadlines of its review.
    pub review: Option<ReviewTimes>,
}

impl Judgement {
    /// That of a record; none of a record that tells of no decision.
    ///
    /// # Errors
    /// When it is a decision that cannot be read.
    pub fn of(entry: &Entry, decoder: &Decoder) -> Result<Option<Self>> {
        let kind = &entry.envelope.kind;
        Ok(if OrderValidatedForFraud::is_named(kind) {
            let event = decoder.decode::<OrderValidatedForFraud>(entry)?;
            event.map(|OrderValidatedForFraud { order, decision }| Self { order, decision, review: None })
        } else if OrderFraudDetected::is_named(kind) {
            let event = decoder.decode::<OrderFraudDetected>(entry)?;
            event.map(|OrderFraudDetected { order, decision }| Self { order, decision, review: None })
        } else if OrderHeldForReview::is_named(kind) {
            let event = decoder.decode::<OrderHeldForReview>(entry)?;
            event.map(|OrderHeldForReview { order, decision, escalate_at, review_by }| Self {
                order,
                decision,
                review: Some(ReviewTimes { escalate_at, review_by }),
            })
        } else {
            None
        })
    }
}
