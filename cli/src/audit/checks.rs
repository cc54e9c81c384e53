//! The promises, each as one pure check.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use inventory::domain::Level;
use orderflow::order_state::{State, Step};
use serde::Serialize;
use uuid::Uuid;

use super::{Evidence, Order, Record, evidence::SetAside};

/// A promise, and where it was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The promise.
    pub promise: &'static str,
    /// Each breach, for people; empty when it was kept.
    pub broken: Vec<String>,
}

/// Every promise.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<Check> {
    let check = |promise, broken| Check { promise, broken };
    vec![
        check(
            "each accepted order has exactly one final state, unless an operator has given it up for good",
            one_final_state(evidence),
        ),
        check(
            "each charge matches an order and its amount; whoever is not served does not pay, or has it back",
            charges(evidence),
        ),
        check("each fulfilled order has exactly one label, no other has any", labels(evidence)),
        check(
            "stock adds up: nothing negative, nothing oversold or held for a finished order, log and state agree",
            stock(evidence),
        ),
        check("no event id stands for two contents", ids(&evidence.records)),
    ]
}

fn one_final_state(evidence: &Evidence) -> Vec<String> {
    let lost = evidence.accepted.iter().filter(|id| !evidence.orders.contains_key(id));
    let lost = lost.map(|id| format!("{id} was accepted and is not on the log"));
    let others = evidence.orders.iter().filter_map(|(id, order)| {
        let finals: Vec<String> = order.facts.finals().map(|state| state.to_string()).collect();
        match finals.len() {
            _ if order.placed.is_none() => Some(format!("{id} has events and was never placed")),
            // An operator has given it up for good, and `audit` says who and why.
            0 if rests_for_good(evidence, order) => None,
            0 => Some(format!("{id} is {}", order.state())),
            1 => None,
            _ => Some(format!("{id} is {} at once", finals.join(" and "))),
        }
    });
    lost.chain(others).collect()
}

/// Whether all that an order rests for was discarded.
fn rests_for_good(evidence: &Evidence, order: &Order) -> bool {
    let is_discarded = |letter: &(String, Uuid)| evidence.discarded.contains(letter);
    order.state() == State::Parked && order.facts.unanswered().all(is_discarded)
}

fn charges(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, (moved, currencies)) in &evidence.charges {
        let order =
            id.parse().ok().and_then(|id| evidence.orders.get(&id)).and_then(|order| order.placed.as_ref());
        if moved.charges == 0 {
            continue;
        }
        let Some(placed) = order else {
            broken.push(format!("a charge for {id}, which nobody placed"));
            continue;
        };
        if moved.charged != placed.total * i64::from(moved.charges)
            || *currencies != BTreeSet::from([placed.currency.clone()])
        {
            let (total, currency) = (placed.total, &placed.currency);
            broken.push(format!(
                "{id} costs {total} {currency}, charged were {} {currencies:?}",
                moved.charged
            ));
        }
    }
    for (id, order) in &evidence.orders {
        let moved = evidence.charges.get(&id.to_string()).map(|(moved, _)| moved.clone()).unwrap_or_default();
        let state = order.state();
        let right = match state {
            State::Fulfilled => moved.charges == 1 && moved.refunded == 0,
            State::Undeliverable => moved.charges == 1 && moved.refunded == moved.charged,
            // Cancelled before it was charged, or after.
            State::Cancelled => moved.charges <= 1 && moved.refunded == moved.charged,
            State::Rejected | State::OutOfStock | State::Declined => moved.charges == 0,
            // May be under way.
            State::InProgress(Step::Reserved | Step::Refunding) | State::Parked => moved.charges <= 1,
            State::InProgress(Step::Accepted | Step::Held | Step::Validated) => moved.charges == 0,
            State::InProgress(Step::Paid) => moved.charges == 1,
        };
        if !right {
            broken
                .push(format!("{id} is {state} with {} charges, {} refunded", moved.charges, moved.refunded));
        }
    }
    broken
}

fn labels(evidence: &Evidence) -> Vec<String> {
    let unknown = evidence
        .labels
        .iter()
        .filter(|(id, _)| id.parse().ok().and_then(|id| evidence.orders.get(&id)).is_none());
    let unknown = unknown.map(|(id, _)| format!("a label for {id}, which is not on the log"));
    let wrong = evidence.orders.iter().filter_map(|(id, order)| {
        let count = evidence.labels.get(&id.to_string()).copied().unwrap_or_default();
        let right = match order.state() {
            State::Fulfilled => count == 1,
            State::InProgress(Step::Paid) | State::Parked => count <= 1,
            _ => count == 0,
        };
        (!right).then(|| format!("{id} is {} with {count} labels", order.state()))
    });
    unknown.chain(wrong).collect()
}

fn stock(evidence: &Evidence) -> Vec<String> {
    let stock = &evidence.stock;
    let set_aside = units(evidence, |stock| stock.reserved && !stock.released && !stock.shipped);
    let shipped = units(evidence, |stock| stock.shipped);
    let skus: BTreeSet<&String> = stock
        .delivered
        .keys()
        .chain(stock.log.keys())
        .chain(stock.state.keys())
        .chain(set_aside.keys())
        .collect();
    let mut broken = left_behind(evidence);
    for sku in skus {
        let of = |levels: &BTreeMap<String, Level>| levels.get(sku).copied().unwrap_or_default();
        let (log, state) = (of(&stock.log), of(&stock.state));
        if !log.is_sound() || !state.is_sound() {
            broken.push(format!("{sku}: {log:?} on the log, {state:?} in the state"));
        }
        if log != state {
            broken.push(format!("{sku}: {log:?} on the log is not {state:?} in the state"));
        }
        let (delivered, ordered) = (
            stock.delivered.get(sku).copied().unwrap_or_default(),
            set_aside.get(sku).copied().unwrap_or_default(),
        );
        let gone = shipped.get(sku).copied().unwrap_or_default();
        if (log.on_hand, log.reserved) != (delivered - gone, ordered) {
            let Level { on_hand, reserved } = log;
            broken.push(format!(
                "{sku}: {on_hand} on hand and {reserved} reserved; {delivered} were delivered, {gone} shipped, orders \
                 hold {ordered}"
            ));
        }
    }
    broken
}

/// Finished orders whose stock is neither where it must be nor free.
fn left_behind(evidence: &Evidence) -> Vec<String> {
    let wrong = evidence.orders.iter().filter_map(|(id, order)| {
        let SetAside { reserved, released, shipped } = order.stock;
        let right = match order.state() {
            State::Fulfilled => reserved && shipped && !released,
            State::Rejected | State::OutOfStock => !reserved && !released && !shipped,
            State::Declined | State::Undeliverable => reserved && released && !shipped,
            State::Cancelled => reserved == released && !shipped,
            State::InProgress(_) | State::Parked => true,
        };
        (!right).then(|| format!("{id} is {} with its stock {:?}", order.state(), order.stock))
    });
    wrong.collect()
}

/// Units of orders whose stock stands so.
fn units(evidence: &Evidence, stands: impl Fn(SetAside) -> bool) -> BTreeMap<String, i64> {
    let mut units = BTreeMap::new();
    let orders = evidence.orders.values().filter(|order| stands(order.stock));
    for (sku, quantity) in orders.filter_map(|order| order.placed.as_ref()).flat_map(|placed| &placed.lines) {
        *units.entry(sku.clone()).or_default() += quantity;
    }
    units
}

fn ids(records: &[Record]) -> Vec<String> {
    let mut seen: HashMap<_, &Record> = HashMap::with_capacity(records.len());
    let mut broken = Vec::new();
    for record in records {
        let first = *seen.entry(record.id).or_insert(record);
        if (&first.kind, &first.key, &first.value) != (&record.kind, &record.key, &record.value) {
            broken.push(format!(
                "{} is {} of {} and {} of {}",
                record.id, first.kind, first.key, record.kind, record.key
            ));
        }
    }
    broken
}

#[cfg(test)]
mod tests;
