//! `reviews`: what people have decided about orders that were held for them, and what they have not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{micros, record};

/// A person has decided about an order that was held for review. The first decision counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ReviewDecided {
    pub order_id: Uuid,
    pub decision: String,
    pub reviewer: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub decided_at: Timestamp,
}

/// Half of the time to review an order has passed and nobody has decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ReviewEscalated {
    pub order_id: Uuid,
    pub score: f64,
    #[serde(with = "micros")]
    pub held_at: Timestamp,
    #[serde(with = "micros")]
    pub review_by: Timestamp,
    #[serde(with = "micros")]
    pub escalated_at: Timestamp,
}

record!(ReviewDecided on REVIEWS, key: |e| e.order_id.to_string(), at: |e| e.decided_at);
record!(ReviewEscalated on REVIEWS, key: |e| e.order_id.to_string(), at: |e| e.escalated_at);
