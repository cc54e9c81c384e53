//! `orders`: what intake has accepted, and what its customers want to take back.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Order, micros, record};

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

/// Somebody asks to cancel the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderCancelRequested {
    pub order_id: Uuid,
    pub reason: String,
    pub requested_by: String,
    #[serde(with = "micros")]
    pub requested_at: Timestamp,
}

record!(OrderCancelRequested on ORDERS, key: |e| e.order_id.to_string(), at: |e| e.requested_at);
record!(OrderPlaced on ORDERS, key: |e| e.order.order_id.to_string(), at: |e| e.order.placed_at);
