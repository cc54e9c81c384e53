//! `customer.keys`: each customer's data key, encrypted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{micros, record};

/// A customer's data key under the master key. A tombstone with the same Kafka key erases the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct WrappedKey {
    pub customer_id: String,
    pub key_id: Uuid,
    pub master_key_id: String,
    #[serde(with = "serde_bytes")]
    pub nonce: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub wrapped: Vec<u8>,
    #[serde(with = "micros")]
    pub created_at: Timestamp,
}

record!(WrappedKey on CUSTOMER_KEYS, key: |e| format!("{}/{}", e.customer_id, e.key_id), at: |e| e.created_at);
