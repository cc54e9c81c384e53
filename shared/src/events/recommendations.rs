//! `recommendations`: what to show to whom.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{micros, record};

/// What to show to a customer from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RecommendationsUpdated {
    pub customer_id: String,
    /// `personal` or `popularity`.
    pub basis: String,
    /// The best first.
    pub items: Vec<RecommendedItem>,
    pub model_version: String,
    #[serde(with = "micros")]
    pub updated_at: Timestamp,
    #[serde(with = "micros")]
    pub valid_until: Timestamp,
}

/// A product worth showing to a customer, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RecommendedItem {
    pub sku: String,
    /// 0 to 1; 0 for what is only popular.
    pub score: f64,
    /// `bought_together`, `viewed_together` or `popular`.
    pub reason: String,
    /// The product it is bought or viewed together with.
    #[serde(default)]
    pub because_of: Option<String>,
}

record!(RecommendationsUpdated on RECOMMENDATIONS, key: |e| e.customer_id.clone(), at: |e| e.updated_at);
