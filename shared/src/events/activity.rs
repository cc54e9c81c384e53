//! `activity`: what customers look at and put into their carts, as the shop tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{micros, record};

/// A customer has looked at a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ProductViewed {
    pub customer_id: String,
    pub sku: String,
    #[serde(with = "micros")]
    pub viewed_at: Timestamp,
}

/// What is in a customer's cart now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CartUpdated {
    pub customer_id: String,
    /// In the order in which they were put there; one line a SKU.
    pub lines: Vec<CartLine>,
    #[serde(with = "micros")]
    pub updated_at: Timestamp,
}

/// One line of a cart: one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CartLine {
    pub sku: String,
    pub quantity: i32,
}

record!(ProductViewed on ACTIVITY, key: |e| e.customer_id.clone(), at: |e| e.viewed_at);
record!(CartUpdated on ACTIVITY, key: |e| e.customer_id.clone(), at: |e| e.updated_at);
