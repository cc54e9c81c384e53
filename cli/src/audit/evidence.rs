//! What there is to check, gathered in one place.

use std::collections::{BTreeMap, BTreeSet};

use inventory::domain::Level;
use orderflow::order_state::{Facts, State};
use simulators::gateway::Moved;
use uuid::Uuid;

use super::Judged;

/// Everything that is checked.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Orders whose callers were told 202.
    pub accepted: BTreeSet<Uuid>,
    /// Orders the log has anything about.
    pub orders: BTreeMap<Uuid, Order>,
    /// Every record on the log that has an event id.
    pub records: Vec<Record>,
    /// What moved at the gateway, by order id, with the currencies it moved in.
    pub charges: BTreeMap<String, (Moved, BTreeSet<String>)>,
    /// Labels at the carrier that were not voided, by order id.
    pub labels: BTreeMap<String, usize>,
    /// What is on the shelf.
    pub stock: Stock,
    /// Records on dead-letter topics, by code.
    pub dead_letters: BTreeMap<String, usize>,
    /// Where records stand that cannot be read. They say nothing, and nothing here is taken from them.
    pub damaged: Vec<String>,
    /// Dead letters that operators have given up for good, as `audit` tells: service and event.
    pub discarded: BTreeSet<(String, Uuid)>,
}

/// One order, as the log tells it.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// What was accepted; none when no OrderPlaced of it is on the log.
    pub placed: Option<Placed>,
    /// What its events say.
    pub facts: Facts,
    /// How fraud-scoring judged it.
    pub judged: Judged,
    /// What inventory said of it.
    pub stock: SetAside,
}

/// What became of an order's stock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the events of inventory
pub struct SetAside {
    pub reserved: bool,
    pub released: bool,
    pub shipped: bool,
}

/// What was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// Minor units.
    pub total: i64,
    /// ISO 4217.
    pub currency: String,
    /// SKU and units.
    pub lines: Vec<(String, i64)>,
}

impl Order {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.facts.state()
    }
}

/// A record, as far as repeats are concerned.
#[derive(Debug, Clone)]
pub struct Record {
    /// The event's id.
    pub id: Uuid,
    /// Its record type.
    pub kind: String,
    /// Its Kafka key.
    pub key: String,
    /// Its value, whole.
    pub value: Vec<u8>,
}

/// What is on the shelf, from three sides.
#[derive(Debug, Clone, Default)]
pub struct Stock {
    /// What was asked to be put there, less what was refused.
    pub delivered: BTreeMap<String, i64>,
    /// As inventory's own events tell.
    pub log: BTreeMap<String, Level>,
    /// As inventory's state tells.
    pub state: BTreeMap<String, Level>,
}
