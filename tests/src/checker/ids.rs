//! Event ids (UUID v5, RFC 9562): the rule of `shared/src/envelope.rs`, made here once more.

use uuid::Uuid;

/// `orderflow_events` in ASCII. Permanent.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f72_6465_7266_6c6f_775f_6576_656e_7473);

/// An id from texts, each ended by the byte 0xff.
#[must_use]
pub fn of_parts(parts: &[&str]) -> Uuid {
    let name: Vec<u8> = parts.iter().flat_map(|part| part.bytes().chain([0xff])).collect();
    Uuid::new_v5(&NAMESPACE, &name)
}

/// The id of what a step makes of a cause: the `ordinal`-th of its record type.
#[must_use]
pub fn of_output(cause: Uuid, step: &str, record: &str, ordinal: usize) -> Uuid {
    of_parts(&[&cause.to_string(), step, record, &ordinal.to_string()])
}

/// The id of a record that brings none.
#[must_use]
pub fn of_place(topic: &str, partition: i32, offset: i64) -> Uuid {
    of_parts(&[topic, &partition.to_string(), &offset.to_string()])
}
