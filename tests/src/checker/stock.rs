//! I4: what is on the shelf changes only by what was put there and what was shipped; nothing is below zero or sold twice;
//! Redis says what the log says.
//!
//! How levels stood in between is told by the answers to adjustments alone: each says the levels after it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uuid::Uuid;

use super::{Case, Violation, accepted::units, event::Event, shelf::Level};

const I4: &str = "I4";

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut broken: Vec<Violation> = told(case).into_iter().map(|what| case.broken(I4, None, what)).collect();
    let mut log = adjusted(case);
    for order in case.orders.keys() {
        let stock = Stock::of(case, *order);
        if stock.is_released && stock.is_shipped {
            broken.push(case.broken(I4, Some(*order), "its units were released and shipped"));
        }
        if stock.reserved.is_none() && (stock.is_released || stock.is_shipped) {
            broken.push(case.broken(I4, Some(*order), "nothing was reserved for it, and that ended"));
        }
        stock.count(&mut log);
    }
    let skus: BTreeSet<&String> = log.keys().chain(case.parts.shelf.keys()).collect();
    for sku in skus {
        let level = |levels: &BTreeMap<String, Level>| levels.get(sku).copied().unwrap_or_default();
        let (log, redis) = (level(&log), level(&case.parts.shelf));
        if !is_sound(log) {
            broken.push(case.broken(I4, None, format!("{sku}: {} on the log", words(log))));
        }
        if log != redis {
            let what = format!("{sku}: {} on the log, {} in Redis", words(log), words(redis));
            broken.push(case.broken(I4, None, what));
        }
    }
    broken
}

/// What became of one order's units.
struct Stock {
    reserved: Option<BTreeMap<String, i64>>,
    is_released: bool,
    is_shipped: bool,
}

impl Stock {
    fn of(case: &Case, order: Uuid) -> Self {
        let first = |kind: &str| case.of(order).find(|event| event.kind == kind);
        let reserved = first("InventoryReserved").map(|event| units(event.fields.pointer("/order/lines")));
        Self {
            reserved,
            is_released: first("InventoryReleased").is_some(),
            is_shipped: first("InventoryShipped").is_some(),
        }
    }

    fn count(self, levels: &mut BTreeMap<String, Level>) {
        for (sku, units) in self.reserved.into_iter().flatten() {
            let (on_hand, reserved) = levels.entry(sku).or_default();
            match (self.is_shipped, self.is_released) {
                (true, _) => *on_hand -= units,
                (false, true) => {}
                (false, false) => *reserved += units,
            }
        }
    }
}

/// What was put on the shelf and taken away by hand, each answer once.
fn adjusted(case: &Case) -> BTreeMap<String, Level> {
    let (mut levels, mut seen) = (BTreeMap::<String, Level>::new(), HashSet::new());
    for event in adjustments(case).filter(|event| seen.insert(event.id)) {
        levels.entry(event.text("/sku").to_owned()).or_default().0 += event.number("/delta");
    }
    levels
}

/// Adjustments that tell of a level that cannot be.
fn told(case: &Case) -> Vec<String> {
    let wrong = adjustments(case).filter_map(|event| {
        let level = (event.number("/on_hand"), event.number("/reserved"));
        (!is_sound(level)).then(|| format!("{}: an adjustment left {}", event.text("/sku"), words(level)))
    });
    wrong.collect()
}

fn adjustments(case: &Case) -> impl Iterator<Item = &Event> {
    case.events.iter().filter(|event| event.kind == "StockAdjusted")
}

fn is_sound((on_hand, reserved): Level) -> bool {
    on_hand >= reserved && reserved >= 0
}

fn words((on_hand, reserved): Level) -> String {
    format!("{on_hand} on hand and {reserved} reserved")
}
