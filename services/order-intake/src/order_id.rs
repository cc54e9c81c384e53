//! Ids of orders.

use orderflow::envelope::ids;
use uuid::Uuid;

use crate::idempotency::IdempotencyKey;

/// The id of the order that this request under this key asks for, whoever handles it and however often.
pub fn keyed_id(principal: &str, key: &IdempotencyKey, request_hash: &str) -> Uuid {
    ids::from_parts(&[principal, key.as_str(), request_hash])
}
