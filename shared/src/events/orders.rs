//! `orders`: what intake has accepted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Order, record};

/// An order was accepted: validated, priced, durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderPlaced {
    pub order: Arc<Order>,
    pub principal: String,
    #[serde(default)]
    pub idempotency_key_hash: Option<String>,
    pub request_hash: String,
}

record!(OrderPlaced on ORDERS, key: |e| e.order.order_id.to_string(), at: |e| e.order.placed_at);
