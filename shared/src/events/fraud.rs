//! `fraud`: how each order was judged.

use std::sync::Arc;

use jiff::{Timestamp, fmt::serde::timestamp::microsecond::optional as optional_micros};
use serde::{Deserialize, Serialize};

use super::{FeatureVector, Order, micros, record};

/// How an order was judged, and by whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct FraudDecision {
    pub score: f64,
    pub threshold: f64,
    #[serde(default = "never")]
    pub hold_threshold: f64,
    pub reasons: Vec<Reason>,
    pub scorer: String,
    pub scorer_version: String,
    #[serde(with = "micros")]
    pub decided_at: Timestamp,
    #[serde(default)]
    pub reviewer: Option<String>,
    #[serde(default)]
    pub review_reason: Option<String>,
    #[serde(default)]
    pub features: FeatureVector,
    #[serde(default)]
    pub features_definition: i32,
    #[serde(default)]
    pub engine: String,
    #[serde(default)]
    pub fallback: Option<String>,
    #[serde(default, with = "optional_micros")]
    pub valid_until: Option<Timestamp>,
}

/// The hold threshold of decisions from before there was one.
fn never() -> f64 {
    1.0
}

/// One reason behind a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Reason {
    pub code: String,
    pub text: String,
    pub weight: f64,
}

/// The order may go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderValidatedForFraud {
    pub order: Arc<Order>,
    pub decision: FraudDecision,
}

/// The order was refused as fraud. Final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderFraudDetected {
    pub order: Arc<Order>,
    pub decision: FraudDecision,
}

/// The order waits for a person to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderHeldForReview {
    pub order: Arc<Order>,
    pub decision: FraudDecision,
    #[serde(with = "micros")]
    pub escalate_at: Timestamp,
    #[serde(with = "micros")]
    pub review_by: Timestamp,
}

/// The order was cancelled while it was held. Final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderReviewCancelled {
    pub order: Arc<Order>,
    #[serde(with = "micros")]
    pub cancelled_at: Timestamp,
}

record!(OrderHeldForReview on FRAUD, key: |e| e.order.order_id.to_string(), at: |e| e.decision.decided_at);
record!(OrderReviewCancelled on FRAUD, key: |e| e.order.order_id.to_string(), at: |e| e.cancelled_at);
record!(OrderValidatedForFraud on FRAUD, key: |e| e.order.order_id.to_string(), at: |e| e.decision.decided_at);
record!(OrderFraudDetected on FRAUD, key: |e| e.order.order_id.to_string(), at: |e| e.decision.decided_at);
