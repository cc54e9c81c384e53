//! The order itself, which travels with every event of the path.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::micros;

/// An accepted order. Money is whole minor units (cents); times are UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is explained in schemas/shared/Order.avsc
pub struct Order {
    pub order_id: Uuid,
    pub customer_id: String,
    pub lines: Vec<Line>,
    pub total: i64,
    pub currency: String,
    pub payment_token: String,
    pub billing_country: String,
    pub delivery_country: String,
    #[serde(default)]
    pub ip_country: Option<String>,
    pub card_hash: String,
    #[serde(default)]
    pub device_hash: Option<String>,
    pub address_hash: String,
    #[serde(default)]
    pub ip_hash: Option<String>,
    pub account_age_days: i32,
    pub priority: String,
    #[serde(with = "micros")]
    pub placed_at: Timestamp,
    pub sealed: Sealed,
}

/// One line of an order: one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Line {
    pub sku: String,
    pub quantity: i32,
    pub unit_price: i64,
}

/// Personal data under the customer's own data key. See [`crate::sealed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Sealed {
    pub key_id: Uuid,
    #[serde(with = "serde_bytes")]
    pub nonce: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub ciphertext: Vec<u8>,
}
