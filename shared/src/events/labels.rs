//! `fraud.labels`: what was learned later about which orders were fraud.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{micros, record};

/// Somebody has learned whether an order was fraud. Of several labels of an order the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is explained in schemas/fraud.labels/FraudLabelled.avsc
pub struct FraudLabelled {
    pub order_id: Uuid,
    pub customer_id: String,
    pub card_hash: String,
    #[serde(default)]
    pub device_hash: Option<String>,
    pub address_hash: String,
    pub fraud: bool,
    pub source: String,
    pub labelled_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub labelled_at: Timestamp,
}

impl FraudLabelled {
    /// What [`source`](Self::source) may say: how it is known.
    pub const SOURCES: [&'static str; 3] = ["chargeback", "analyst", "customer"];
}

record!(FraudLabelled on FRAUD_LABELS, key: |e| e.order_id.to_string(), at: |e| e.labelled_at);
