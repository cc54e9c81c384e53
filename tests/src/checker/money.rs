//! I3: one capture an order at most, of its total; what was captured less what went back is what was served. The ledger
//! against the log, in both directions.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Case, Violation,
    ends::{Stand, stand},
    event::Event,
    ledgers::Movement,
    life::End,
};

const I3: &str = "I3";

/// What moved for one order.
#[derive(Debug, Default)]
struct Moved<'c> {
    charges: Vec<&'c Movement>,
    refunds: Vec<&'c Movement>,
}

impl Moved<'_> {
    /// What was captured less what went back, in minor units.
    fn kept(&self) -> i64 {
        let sum = |lines: &[&Movement]| lines.iter().map(|line| line.amount).sum::<i64>();
        sum(&self.charges) - sum(&self.refunds)
    }
}

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut moved: BTreeMap<&str, Moved<'_>> = BTreeMap::new();
    for line in &case.parts.movements {
        let of_order = moved.entry(&line.order_id).or_default();
        match line.kind.as_str() {
            "charge" => of_order.charges.push(line),
            "refund" => of_order.refunds.push(line),
            _ => {}
        }
    }
    let mut broken = Vec::new();
    for (id, moved) in moved.iter().filter(|(_, moved)| !moved.charges.is_empty()) {
        let order = Uuid::parse_str(id).ok();
        if order.is_none_or(|order| !case.orders.contains_key(&order)) {
            broken.push(case.broken(
                I3,
                order,
                format!("{} was captured for {id}, which nobody placed", moved.kept()),
            ));
        }
    }
    let nothing = Moved::default();
    for order in case.orders.keys() {
        let moved = moved.get(order.to_string().as_str()).unwrap_or(&nothing);
        broken.extend(wrong(case, *order, moved).into_iter().map(|what| case.broken(I3, Some(*order), what)));
    }
    broken
}

fn wrong(case: &Case, order: Uuid, moved: &Moved<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if moved.charges.len() > 1 {
        wrong.push(format!("it was captured {} times", moved.charges.len()));
    }
    let Some(placed) = case.of(order).find(|event| event.kind == "OrderPlaced") else { return wrong };
    let (total, currency) = (placed.number("/order/total"), placed.text("/order/currency"));
    let stand = stand(case, order);
    // What the gateway got wrong is what such an order is parked for.
    let is_settled = stand != Stand::Parked;
    for line in moved.charges.iter().chain(&moved.refunds).filter(|_| is_settled) {
        if (line.amount, line.currency.as_str()) != (total, currency) {
            let Movement { kind, amount, currency: theirs, .. } = line;
            wrong.push(format!("it costs {total} {currency}, and a {kind} was of {amount} {theirs}"));
        }
    }
    let kept = moved.kept();
    let is_right = match stand {
        Stand::Ended(End::Fulfilled) => kept == total,
        Stand::Ended(_) => kept == 0,
        // Captured or not, but no more than once, and nothing given back beyond that.
        Stand::Parked => kept >= 0,
        Stand::Asked => kept == 0,
        // Said elsewhere.
        Stand::Stuck | Stand::Torn => true,
    };
    if !is_right {
        wrong.push(format!("it is {stand:?} and {kept} of {total} {currency} are kept"));
    }
    wrong.extend(said(case, order, moved));
    wrong
}

/// What the log says of money is what the gateway says.
fn said(case: &Case, order: Uuid, moved: &Moved<'_>) -> Vec<String> {
    let is_as = |event: &Event, line: &&Movement| {
        event.text("/intent_id") == line.intent_id
            && event.number("/amount") == line.amount
            && event.text("/currency") == line.currency
    };
    let wrong = case.of(order).filter_map(|event| match event.kind.as_str() {
        "PaymentProcessed" if !moved.charges.iter().any(|line| is_as(event, line)) => {
            Some(format!("{} was told to be paid, and was not captured", event.text("/intent_id")))
        }
        "PaymentRefunded" => {
            let refund = event.text("/refund_id");
            let named = |line: &&&Movement| line.refund_id.as_deref() == Some(refund);
            let found = moved.refunds.iter().filter(named).any(|line| is_as(event, line));
            (!found).then(|| format!("{refund} was told to be refunded, and was not"))
        }
        _ => None,
    });
    wrong.collect()
}
