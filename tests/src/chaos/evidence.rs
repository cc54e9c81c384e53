//! What a run leaves behind for the checker: nothing of it comes from the services' own account of themselves.

use std::path::PathBuf;

use orderflow::config::Delivery;
use uuid::Uuid;

/// Everything a checker may know of a run. Taken once the input is quiet.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Every record of every topic of the shop, those of the groups too (dead letters, parked, retry, waiting), read
    /// committed, in order of offsets per partition; raw bytes and headers.
    pub records: Vec<RawRecord>,
    /// What the load generator sent and was answered, in order of sending.
    pub journal: Vec<Answer>,
    /// The gateway simulator's ledger (JSON lines as `simulators/src/ledger.rs` writes them).
    pub gateway_ledger: PathBuf,
    /// The carrier simulator's ledger, written the same way.
    pub carrier_ledger: PathBuf,
    /// Where label documents are stored: a folder.
    pub labels: PathBuf,
    /// Redis as the services used it, quiet now: `redis://host:port`.
    pub redis: String,
    /// What stands in front of every topic, group and Redis key.
    pub prefix: String,
    /// How outputs and offsets became durable.
    pub delivery: Delivery,
    /// The registry's base address, to decode records by the schema of their writer.
    pub registry: String,
    /// The records the harness itself appended to topics.
    pub injected: Vec<Injected>,
}

/// A record as it lies on its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RawRecord {
    /// With the prefix.
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// In their order; a name may be there more than once.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// One request of the load generator and what it was told. A repeat is a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The `Idempotency-Key`; empty where the request has none.
    pub idempotency_key: String,
    /// The HTTP status; `None` where no answer came.
    pub status: Option<u16>,
    /// The order it was about, or that came of it.
    pub order_id: Option<Uuid>,
    /// The body of the request.
    pub body: Vec<u8>,
    /// The body of the answer.
    pub answer: Vec<u8>,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: i64,
    /// What was asked for.
    pub what: Sent,
}

/// What a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sent {
    /// An order, at intake.
    Placed,
    /// To cancel an order, at order-status.
    Cancelled { order: Uuid },
    /// A decision about a held order, at order-status.
    Reviewed { order: Uuid },
    /// A change of what is on the shelf, at intake.
    Adjusted,
}

/// A record that the harness appended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Injected {
    /// With the prefix.
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub what: InjectedKind,
}

/// What an appended record was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum InjectedKind {
    /// Nobody can handle it; by the name of what is wrong with it.
    Poison(String),
    /// The bytes of the record at this topic, partition and offset once more.
    Duplicate { of: (String, i32, i64) },
    /// The same, of a record far behind: it comes after those that followed it.
    Reordered { of: (String, i32, i64) },
}
