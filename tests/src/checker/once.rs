//! I6: each input has its outputs, and exactly once has them once. Ids follow from the cause, the step and the record type,
//! so a repeat has its first's; and whatever has one id has one content.

use uuid::Uuid;

use orderflow::config::Delivery;

use super::{Case, Violation, event::Event, ids};

const I6: &str = "I6";
/// No step makes more events of one type from one record.
const MOST_OF_A_KIND: usize = 16;

/// What a service must make of a record type: one of these.
const OWED: [(&str, &str, &[&str]); 12] = [
    ("OrderPlaced", "fraud-scoring", &["OrderValidatedForFraud", "OrderFraudDetected", "OrderHeldForReview"]),
    ("OrderValidatedForFraud", "inventory", &["InventoryReserved", "InventoryShortage"]),
    ("InventoryReserved", "payment", &["PaymentProcessed", "PaymentFailed", "PaymentActionRequired"]),
    ("PaymentFailed", "inventory", &["InventoryReleased"]),
    ("PaymentRefunded", "inventory", &["InventoryReleased"]),
    ("PaymentProcessed", "shipping", &["ShippingLabelGenerated", "ShippingFailed", "ShippingCancelled"]),
    ("ShippingLabelGenerated", "inventory", &["InventoryShipped"]),
    ("ShippingLabelGenerated", "shipping", &["LabelDocumentStored"]),
    ("ShippingLabelGenerated", "shipping", &["PickupScheduled"]),
    ("ShippingFailed", "payment", &["PaymentRefunded"]),
    ("ShippingCancelled", "payment", &["PaymentRefunded"]),
    ("StockAdjustmentRequested", "inventory", &["StockAdjusted", "StockAdjustmentRefused"]),
];
/// Of a payment and of a refund an order has one, whichever of its events it was made of: a callback may come first.
const WHATEVER_THE_CAUSE: [&str; 3] = ["InventoryReserved", "ShippingFailed", "ShippingCancelled"];

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut broken = Vec::new();
    for (id, mut records) in case.ids() {
        // Copies that the harness has appended are causes, and nobody's output.
        records.retain(|record| !record.kind.is_empty() && !case.is_injected(record));
        let Some(first) = records.first() else { continue };
        let wrong = content(&records)
            .or_else(|| derivation(first))
            .or_else(|| count(case, &records))
            .into_iter()
            .chain(owed(case, first));
        let about = |what| case.broken(I6, first.order(), format!("{} {id}: {what}", first.kind));
        broken.extend(wrong.map(about));
    }
    broken
}

/// One id has one content.
fn content(records: &[&Event]) -> Option<String> {
    let content = |event: &Event| (event.topic.clone(), event.raw.key.clone(), event.raw.value.clone());
    let differ = records.windows(2).any(|pair| content(pair[0]) != content(pair[1]));
    differ.then(|| "it stands for two contents".to_owned())
}

/// An id follows from the cause and the step.
fn derivation(event: &Event) -> Option<String> {
    let Event { cause, source, .. } = event;
    (!is_derived(event)).then(|| format!("its id is not the one of what {source} makes of {cause:?}"))
}

/// Exactly once, nothing is there more often than its cause.
fn count(case: &Case, records: &[&Event]) -> Option<String> {
    let causes = case.with_id(records.first()?.cause?).count();
    let is_more = case.parts.delivery == Delivery::ExactlyOnce && causes > 0 && records.len() > causes;
    is_more.then(|| format!("it is there {} times, its cause {causes} times", records.len()))
}

/// What services owe to a record, and have not made.
fn owed(case: &Case, event: &Event) -> Vec<String> {
    let owed = OWED.iter().filter(|(kind, ..)| *kind == event.kind);
    let unpaid = owed.filter(|(_, service, wanted)| !is_paid(case, event, service, wanted));
    unpaid.map(|(_, service, wanted)| format!("{service} has made none of {wanted:?} of it")).collect()
}

/// Whether a step's output has the id that follows from what it was made of. What has no cause has an id of its own.
fn is_derived(event: &Event) -> bool {
    // What comes from outside has no cause.
    let is_of_step = [".on_", ".at_"].iter().any(|mark| event.source.contains(mark));
    match event.cause {
        None => !is_of_step,
        Some(cause) => (0..MOST_OF_A_KIND)
            .any(|ordinal| ids::of_output(cause, &event.source, &event.kind, ordinal) == event.id),
    }
}

/// Whether a service has made of this record what it owes, or has put it aside. A second record of a kind about one order,
/// under another id, may find that all is done.
fn is_paid(case: &Case, event: &Event, service: &str, wanted: &[&str]) -> bool {
    let order = event.content_order();
    let is_wanted = |output: &&Event| output.service() == service && wanted.contains(&output.kind.as_str());
    let paid = |id: Uuid| match order {
        Some(order) => case
            .of(order)
            .filter(is_wanted)
            .any(|output| WHATEVER_THE_CAUSE.contains(&event.kind.as_str()) || output.cause == Some(id)),
        None => case.events.iter().filter(is_wanted).any(|output| output.cause == Some(id)),
    };
    let alike = order.map(|order| case.of(order).filter(|other| other.kind == event.kind));
    let is_paid = paid(event.id) || alike.into_iter().flatten().any(|other| paid(other.id));
    is_paid || case.is_open(service, event.id) || waits_behind(case, event, service)
}

/// Whether an earlier event of its order is open at this service: then it may wait without having been read again.
fn waits_behind(case: &Case, event: &Event, service: &str) -> bool {
    event.order().is_some_and(|order| case.of(order).any(|other| case.is_open(service, other.id)))
}
