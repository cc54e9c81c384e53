//! `payments`: what became of each order's payment.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Order, micros, record};

/// The order is paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PaymentProcessed {
    pub order: Arc<Order>,
    pub intent_id: String,
    pub amount: i64,
    pub currency: String,
    #[serde(with = "micros")]
    pub processed_at: Timestamp,
}

/// The order will not be paid. Final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PaymentFailed {
    pub order: Arc<Order>,
    pub reason: String,
    #[serde(default)]
    pub gateway_code: Option<String>,
    #[serde(with = "micros")]
    pub failed_at: Timestamp,
}

/// The payment went back to the customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PaymentRefunded {
    pub order: Arc<Order>,
    pub intent_id: String,
    pub refund_id: String,
    pub amount: i64,
    pub currency: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub refunded_at: Timestamp,
}

/// The payment waits for its customer or the bank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PaymentActionRequired {
    pub order: Arc<Order>,
    pub intent_id: String,
    #[serde(with = "micros")]
    pub respond_by: Timestamp,
    #[serde(with = "micros")]
    pub required_at: Timestamp,
}

record!(PaymentActionRequired on PAYMENTS, key: |e| e.order.order_id.to_string(), at: |e| e.required_at);
record!(PaymentRefunded on PAYMENTS, key: |e| e.order.order_id.to_string(), at: |e| e.refunded_at);
record!(PaymentProcessed on PAYMENTS, key: |e| e.order.order_id.to_string(), at: |e| e.processed_at);
record!(PaymentFailed on PAYMENTS, key: |e| e.order.order_id.to_string(), at: |e| e.failed_at);
