//! I8: what is undone is undone once, and only where something was done: units released, money given back, labels voided.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    Case, Violation,
    ends::{Stand, stand},
    ledgers::Parcel,
    life::End,
};

const I8: &str = "I8";
/// Events of which an order has one. A repeat has the same content, whatever its id.
const ONCE: [&str; 5] = [
    "InventoryReleased",
    "PaymentRefunded",
    "ShippingCancelled",
    "OrderReviewCancelled",
    "OrderCancelRejected",
];

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut broken = Vec::new();
    for order in case.orders.keys() {
        let wrong = told(case, *order).into_iter().chain(refunds(case, *order)).chain(labels(case, *order));
        broken.extend(wrong.map(|what| case.broken(I8, Some(*order), what)));
    }
    broken
}

fn told(case: &Case, order: Uuid) -> Vec<String> {
    let contents = |kind: &str| {
        let of_kind = case.of(order).filter(|event| event.kind == kind);
        of_kind.map(|event| &event.raw.value).collect::<BTreeSet<_>>().len()
    };
    let twice = ONCE.iter().map(|kind| (kind, contents(kind))).filter(|(_, count)| *count > 1);
    twice.map(|(kind, count)| format!("{count} different {kind}")).collect()
}

fn refunds(case: &Case, order: Uuid) -> Option<String> {
    let lines =
        case.parts.movements.iter().filter(|line| line.kind == "refund" && line.order() == Some(order));
    let count = lines.count();
    (count > 1).then(|| format!("its money went back {count} times"))
}

/// An order that is served has one label that holds, any other none.
fn labels(case: &Case, order: Uuid) -> Option<String> {
    let of_order = |kind: &'static str| {
        let lines =
            case.parts.parcels.iter().filter(move |line| line.kind == kind && line.order() == Some(order));
        lines.filter_map(|line: &Parcel| line.label_id.as_deref()).collect::<BTreeSet<_>>()
    };
    let count = of_order("label").difference(&of_order("void")).count();
    let stand = stand(case, order);
    let is_right = match stand {
        Stand::Ended(End::Fulfilled) => count == 1,
        Stand::Ended(_) | Stand::Asked => count == 0,
        Stand::Parked | Stand::Stuck | Stand::Torn => count <= 1,
    };
    (!is_right).then(|| format!("it is {stand:?} and has {count} labels that hold"))
}
