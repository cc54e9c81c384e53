//! The payment gateway: payment intents, refunds, and idempotency after Stripe's.

pub mod callbacks;
mod cancel;
mod cards;
mod confirm;
mod create;
mod errors;
mod intent;
mod refund;
mod routes;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::book::Simulator;
use crate::faults::{FaultSettings, Faults, Millis, Rate, Spread};
use crate::ledger::{self, LedgerError, Record};
use crate::reply::{Refusal, Reply};

pub use intent::{Entry, Intent, Kind, NextAction, PaymentError, Status};
pub use routes::routes;

/// One line of the gateway's ledger.
pub type LedgerLine = Record<Entry>;

/// Reads the gateway's ledger, also while the gateway is running.
///
/// # Errors
/// Those of [`ledger::read`].
pub fn read_ledger(path: &Path) -> Result<Vec<LedgerLine>, LedgerError> {
    ledger::read(path)
}

/// What moved for one order, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many times it was charged.
    pub charges: u32,
    /// How much was charged, of all charges together.
    pub charged: i64,
    /// How much was refunded.
    pub refunded: i64,
}

/// What moved, by order id. Orders that were only declined or voided stand with zeros.
#[must_use]
pub fn moved_by_order(lines: &[LedgerLine]) -> BTreeMap<&str, Moved> {
    let mut orders: BTreeMap<&str, Moved> = BTreeMap::new();
    for LedgerLine { entry, .. } in lines {
        let moved = orders.entry(&entry.order_id).or_default();
        match entry.kind {
            Kind::Charge => {
                moved.charges += 1;
                moved.charged += entry.amount;
            }
            Kind::Refund => moved.refunded += entry.amount,
            Kind::Intent | Kind::Action | Kind::Decline | Kind::Void => {}
        }
    }
    orders
}

/// The gateway's fault switches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatewayFaults {
    /// Those it has in common with the carrier.
    #[serde(flatten)]
    pub common: Faults,
    /// The share of charges that the card's bank declines, beside the test cards.
    pub decline_rate: Rate,
    /// The share of charges whose customer is asked first, beside the test cards.
    pub ask_rate: Rate,
    /// The share of charges and refunds that are made and recorded, and then not answered.
    pub timeout_after_charge_rate: Rate,
    /// The share of charges that take one minor unit more than was asked for. No honest gateway does this: it is here
    /// to show that whoever checks what was charged notices.
    pub wrong_amount_rate: Rate,
    /// How long a search does not find a new intent.
    pub search_lag_ms: Millis,
    /// How long after it happened something is called back.
    pub callback_delay_ms: Spread,
    /// The share of callbacks that are sent twice.
    pub duplicate_callback_rate: Rate,
    /// The share of callbacks that are never sent.
    pub lost_callback_rate: Rate,
}

impl Default for GatewayFaults {
    fn default() -> Self {
        Self {
            common: Faults::default(),
            decline_rate: Rate::default(),
            ask_rate: Rate::default(),
            timeout_after_charge_rate: Rate::default(),
            wrong_amount_rate: Rate::default(),
            search_lag_ms: Millis::default(),
            callback_delay_ms: Spread::new(0, 20),
            duplicate_callback_rate: Rate::default(),
            lost_callback_rate: Rate::default(),
        }
    }
}

impl FaultSettings for GatewayFaults {
    fn common(&self) -> &Faults {
        &self.common
    }

    fn withheld_rate(&self) -> Rate {
        self.timeout_after_charge_rate
    }

    fn decline_rate(&self) -> Rate {
        self.decline_rate
    }

    fn ask_rate(&self) -> Rate {
        self.ask_rate
    }

    fn wrong_amount_rate(&self) -> Rate {
        self.wrong_amount_rate
    }
}

/// The intents, as the lines so far left them.
#[derive(Debug, Default)]
pub struct Gateway {
    /// The last line of each intent holds its state.
    intents: HashMap<String, Arc<LedgerLine>>,
    by_order: HashMap<String, Vec<String>>,
    /// The lines of each intent's refunds, oldest first.
    refunds: HashMap<String, Vec<Arc<LedgerLine>>>,
}

impl Gateway {
    /// The intent as it is now.
    fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.get(id).map(|line| &line.entry.intent)
    }

    /// The intents of an order, oldest first.
    fn of_order(&self, order_id: &str) -> Vec<&Intent> {
        let ids = self.by_order.get(order_id).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.intent(id)).collect()
    }

    /// The refunds of an intent, newest first.
    fn refunds_of(&self, intent_id: &str) -> impl Iterator<Item = &LedgerLine> {
        let lines = self.refunds.get(intent_id).map(Vec::as_slice).unwrap_or_default();
        lines.iter().rev().map(AsRef::as_ref)
    }
}

impl Simulator for Gateway {
    type Entry = Entry;
    type Faults = GatewayFaults;

    fn apply(&mut self, line: &Arc<LedgerLine>) {
        let entry = &line.entry;
        if entry.kind == Kind::Refund {
            self.refunds.entry(entry.intent_id.clone()).or_default().push(line.clone());
        }
        if self.intents.insert(entry.intent_id.clone(), line.clone()).is_none() {
            self.by_order.entry(entry.order_id.clone()).or_default().push(entry.intent_id.clone());
        }
    }

    fn answer(line: &LedgerLine) -> Reply {
        let entry = &line.entry;
        match entry.kind {
            Kind::Intent | Kind::Action | Kind::Charge | Kind::Void => Reply::ok(&entry.intent),
            Kind::Decline => errors::declined(&entry.intent),
            Kind::Refund => refund::shown(line),
        }
    }

    fn is_effect(entry: &Entry) -> bool {
        matches!(entry.kind, Kind::Charge | Kind::Refund)
    }

    fn refuse(refusal: &Refusal) -> Reply {
        errors::refused(refusal)
    }
}
