//! `audit`: what operators should find later, although no order depends on it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{micros, record};

/// A service has stopped calling a dependency outside, has probed it, or calls it again (see [`crate::breaker`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct BreakerMoved {
    pub service: String,
    pub instance: String,
    pub breaker: String,
    pub from: String,
    pub to: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub moved_at: Timestamp,
}

record!(BreakerMoved on AUDIT, key: |e| e.service.clone(), at: |e| e.moved_at);

/// An operator has erased a person. Written by the command line, not by a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CustomerErased {
    pub customer_id: String,
    pub erased_by: String,
    pub reason: String,
    /// In ascending order.
    pub keys: Vec<Uuid>,
    /// How many there have ever been.
    pub documents: i32,
    #[serde(with = "micros")]
    pub erased_at: Timestamp,
}

record!(CustomerErased on AUDIT, key: |e| e.customer_id.clone(), at: |e| e.erased_at);

/// An operator has given a dead letter up for now. Written by the command line, not by a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DeadLetterParked {
    pub service: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub event_key: String,
    pub code: String,
    pub parked_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub parked_at: Timestamp,
}

record!(DeadLetterParked on AUDIT, key: |e| e.service.clone(), at: |e| e.parked_at);

/// An operator has a dead letter handled again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DeadLetterRedriven {
    pub service: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub event_key: String,
    pub code: String,
    pub letter: String,
    pub returns: i32,
    pub redriven_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub redriven_at: Timestamp,
}

record!(DeadLetterRedriven on AUDIT, key: |e| e.service.clone(), at: |e| e.redriven_at);

/// An operator gives a dead letter up for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DeadLetterDiscarded {
    pub service: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub event_key: String,
    pub code: String,
    pub letter: String,
    pub discarded_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub discarded_at: Timestamp,
}

record!(DeadLetterDiscarded on AUDIT, key: |e| e.service.clone(), at: |e| e.discarded_at);

/// An operator has a dead letter handled again with a changed value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DeadLetterEdited {
    pub service: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub event_key: String,
    pub code: String,
    pub letter: String,
    pub edited_id: Uuid,
    pub fields: Vec<String>,
    pub edited_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub edited_at: Timestamp,
}

record!(DeadLetterEdited on AUDIT, key: |e| e.service.clone(), at: |e| e.edited_at);
