//! I2: every order on the log has exactly one end, or rests: parked behind a dead letter, held for a person whom nobody has
//! answered for, or waiting for its customer at the gateway. And a cancel is either kept or refused, never both.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    Case, Violation,
    life::{self, End, Fact},
};

const I2: &str = "I2";
/// The services whose dead letter rests an order.
const PATH: [&str; 4] = ["fraud-scoring", "inventory", "payment", "shipping"];

/// Where an order has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// It has ended so.
    Ended(End),
    /// It rests: a service on its path has given an event of it up.
    Parked,
    /// It rests: a person, or its customer, is asked.
    Asked,
    /// It should have gone on.
    Stuck,
    /// Its events fit no life.
    Torn,
}

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let orders = case.orders.keys().copied();
    orders
        .flat_map(|order| wrong(case, order).into_iter().map(move |what| case.broken(I2, Some(order), what)))
        .collect()
}

fn wrong(case: &Case, order: Uuid) -> Vec<String> {
    let facts = facts(case, order);
    let mut wrong = Vec::new();
    let stand = stand(case, order);
    if !has(case, order, "OrderPlaced") && !facts.is_empty() {
        wrong.push("it has events and was never placed".to_owned());
    }
    match stand {
        Stand::Stuck if has(case, order, "OrderPlaced") => {
            wrong.push(format!("it has no end and nothing it rests at, after {facts:?}"));
        }
        Stand::Torn => wrong.push(format!("no order may live so: {facts:?}")),
        _ => {}
    }
    let is_rejected = facts.contains(&Fact::CancelRejected);
    if has(case, order, "OrderCancelRequested") && stand == Stand::Ended(End::Fulfilled) && !is_rejected {
        let open = cancels(case, order).any(|cancel| case.is_open("shipping", cancel));
        if !open {
            wrong.push("its cancel was neither kept nor refused".to_owned());
        }
    }
    wrong
}

/// Where an order has come to.
pub(super) fn stand(case: &Case, order: Uuid) -> Stand {
    let facts = facts(case, order);
    let is_parked = || PATH.iter().any(|service| case.of(order).any(|event| case.is_open(service, event.id)));
    match life::end(&facts) {
        Some(end) => Stand::Ended(end),
        None if !life::may_go_on(&facts) => Stand::Torn,
        None if is_parked() => Stand::Parked,
        None if is_asked(case, order, &facts) => Stand::Asked,
        None => Stand::Stuck,
    }
}

/// What its events say of its life.
pub(super) fn facts(case: &Case, order: Uuid) -> BTreeSet<Fact> {
    case.of(order).filter_map(Fact::of).collect()
}

fn is_asked(case: &Case, order: Uuid, facts: &BTreeSet<Fact>) -> bool {
    let answered = |kind| has(case, order, kind);
    if facts.iter().eq([&Fact::Held]) {
        return !answered("ReviewDecided") && !answered("OrderCancelRequested");
    }
    let mut lines = case.parts.movements.iter().filter(|line| line.order() == Some(order));
    facts.contains(&Fact::Asked)
        && !facts.contains(&Fact::Paid)
        && lines.next_back().is_some_and(|line| line.kind == "action")
}

fn has(case: &Case, order: Uuid, kind: &str) -> bool {
    case.of(order).any(|event| event.kind == kind)
}

fn cancels(case: &Case, order: Uuid) -> impl Iterator<Item = Uuid> {
    case.of(order).filter(|event| event.kind == "OrderCancelRequested").map(|event| event.id)
}
