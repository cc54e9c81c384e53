//! Ids of orders and requests.

use jiff::Timestamp;
use orderflow::envelope::ids;
use uuid::{NoContext, Uuid};

use crate::idempotency::IdempotencyKey;

/// A new id that sorts by time (UUID v7, RFC 9562).
pub fn random_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
}

/// The id of the order that this request under this key asks for, whoever handles it and however often.
pub fn keyed_id(principal: &str, key: &IdempotencyKey, request_hash: &str) -> Uuid {
    ids::from_parts(&[principal, key.as_str(), request_hash])
}
