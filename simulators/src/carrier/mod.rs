//! The parcel carrier: labels with UPU S10 tracking numbers, and pickups.

mod label;
mod order_void;
mod pickup;
mod problem;
mod routes;
pub mod s10;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::book::Simulator;
use crate::faults::{FaultSettings, Faults, Rate};
use crate::ledger::{self, LedgerError, Record};
use crate::reply::{Refusal, Reply};

pub use label::{Label, LabelStatus, ServiceLevel};
pub use order_void::OrderVoid;
pub use pickup::{Pickup, Window};
pub use routes::routes;

/// One line of the carrier's ledger. It holds no name and no street.
pub type LedgerLine = Record<Entry>;

/// Reads the carrier's ledger, also while the carrier is running.
///
/// # Errors
/// Those of [`ledger::read`].
pub fn read_ledger(path: &Path) -> Result<Vec<LedgerLine>, LedgerError> {
    ledger::read(path)
}

/// What a line of the carrier's ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A label was bought.
    Label(Label),
    /// A label was voided.
    Void(Label),
    /// An order was voided before it had a label: it will never have one.
    OrderVoid(OrderVoid),
    /// A pickup window was booked.
    Pickup(Pickup),
}

/// The carrier's fault switches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CarrierFaults {
    /// Those it has in common with the gateway.
    #[serde(flatten)]
    pub common: Faults,
    /// The share of labels and voids of orders that are made and recorded, and then not answered.
    pub timeout_after_label_rate: Rate,
}

impl FaultSettings for CarrierFaults {
    fn common(&self) -> &Faults {
        &self.common
    }

    fn withheld_rate(&self) -> Rate {
        self.timeout_after_label_rate
    }
}

/// The labels and pickups, as the lines so far left them.
#[derive(Debug)]
pub struct Carrier {
    /// The country that hands out the tracking numbers.
    origin: s10::Country,
    not_served: Vec<s10::Country>,
    labels: HashMap<String, Label>,
    /// The newest label of each order.
    by_order: HashMap<String, String>,
    /// Orders that will never have a label.
    voided_orders: HashMap<String, Arc<LedgerLine>>,
    pickups: HashMap<Window, Arc<LedgerLine>>,
    last_serial: u32,
}

impl Carrier {
    /// A carrier at home in `origin` that does not deliver to `not_served`.
    #[must_use]
    pub fn new(origin: s10::Country, not_served: Vec<s10::Country>) -> Self {
        Self {
            origin,
            not_served,
            labels: HashMap::new(),
            by_order: HashMap::new(),
            voided_orders: HashMap::new(),
            pickups: HashMap::new(),
            last_serial: 0,
        }
    }

    fn of_order(&self, order_id: &str) -> Option<&Label> {
        self.labels.get(self.by_order.get(order_id)?)
    }
}

impl Simulator for Carrier {
    type Entry = Entry;
    type Faults = CarrierFaults;

    fn apply(&mut self, line: &Arc<LedgerLine>) {
        match &line.entry {
            Entry::Label(label) => {
                self.last_serial = self.last_serial.max(label.serial);
                self.by_order.insert(label.order_id.clone(), label.label_id.clone());
                self.labels.insert(label.label_id.clone(), label.clone());
            }
            Entry::Void(label) => {
                self.labels.insert(label.label_id.clone(), label.clone());
            }
            Entry::OrderVoid(void) => {
                self.voided_orders.insert(void.order_id.clone(), line.clone());
            }
            Entry::Pickup(pickup) => {
                self.pickups.insert(pickup.window.clone(), line.clone());
            }
        }
    }

    fn answer(line: &LedgerLine) -> Reply {
        match &line.entry {
            Entry::Label(label) | Entry::Void(label) => Reply::ok(label),
            Entry::OrderVoid(void) => {
                Reply::ok(&order_void::Found::Voided { order_id: &void.order_id, voided_at: line.at })
            }
            Entry::Pickup(pickup) => Reply::ok(pickup),
        }
    }

    fn is_effect(entry: &Entry) -> bool {
        matches!(entry, Entry::Label(_) | Entry::OrderVoid(_))
    }

    fn refuse(refusal: &Refusal) -> Reply {
        problem::refused(refusal)
    }
}
