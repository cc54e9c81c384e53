//! I5: an order's events keep their order. What a service makes of two records of one order on one topic stands in the
//! order of those records; and while one of them is a dead letter, the later ones wait.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Case, Violation, event::Event};

const I5: &str = "I5";
/// Records on different topics have no order but time; outputs of one transaction lie this close together, in ms.
const CLOSE: i64 = 1_000;

/// Service, input topic, output topic: causes and outputs on them have one order.
type Lane<'c> = (&'c str, &'c str, &'c str);

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut broken = Vec::new();
    for order in case.orders.keys() {
        broken.extend(crossed(case, *order).into_iter().map(|what| case.broken(I5, Some(*order), what)));
    }
    for letter in case.aside.iter().filter(|event| event.topic.ends_with(".dlq")) {
        let order = letter.order();
        broken.extend(overtaken(case, letter).into_iter().map(|what| case.broken(I5, order, what)));
    }
    broken
}

/// First outputs of a service that do not stand in the order of their causes.
fn crossed(case: &Case, order: Uuid) -> Vec<String> {
    let mut lanes: BTreeMap<Lane<'_>, Vec<(&Event, &Event)>> = BTreeMap::new();
    for output in case.of(order).filter(|event| is_first(case, event) && !is_of_time(event)) {
        let Some(cause) = output.cause.and_then(|cause| case.with_id(cause).next()) else { continue };
        if cause.key == output.key && !case.is_injected(cause) {
            lanes.entry((output.service(), &cause.topic, &output.topic)).or_default().push((cause, output));
        }
    }
    let mut wrong = Vec::new();
    for lane in lanes.values_mut() {
        lane.sort_by_key(|(cause, output)| (cause.place(), output.place()));
        for pair in lane.windows(2) {
            let [(first, before), (second, after)] = pair else { continue };
            let is_one_partition = first.raw.partition == second.raw.partition;
            if first.id != second.id && is_one_partition && before.raw.offset > after.raw.offset {
                wrong.push(format!(
                    "{} stands before {}, and what follows from it behind",
                    first.kind, second.kind
                ));
            }
        }
    }
    wrong
}

/// Outputs that a service has made of later events while this one was put aside.
fn overtaken(case: &Case, letter: &Event) -> Vec<String> {
    let Some((service, order)) = letter.topic.strip_suffix(".dlq").zip(letter.order()) else {
        return Vec::new();
    };
    let Some(given_up) = case.with_id(letter.id).next() else { return Vec::new() };
    let from = letter.raw.timestamp_ms;
    let until = settled_at(case, service, letter.id, from).unwrap_or(i64::MAX);
    let is_later = |cause: &Event| {
        let (a, b) = (cause.place(), given_up.place());
        let is_behind = (a.0, a.1) == (b.0, b.1) && a.2 > b.2;
        cause.id != letter.id && (is_behind || cause.raw.timestamp_ms > from + CLOSE)
    };
    let outputs = case.of(order).filter(|event| event.service() == service && !is_of_time(event));
    let wrong = outputs.filter_map(|output| {
        let cause = output.cause.and_then(|cause| case.with_id(cause).next())?;
        let is_meanwhile = (from + CLOSE..until).contains(&output.raw.timestamp_ms);
        (is_meanwhile && is_later(cause) && is_first(case, output)).then(|| {
            format!(
                "{} was answered while {} before it was a dead letter of {service}",
                cause.kind, given_up.kind
            )
        })
    });
    wrong.collect()
}

/// When a service has settled what it gave up then.
fn settled_at(case: &Case, service: &str, event: Uuid, from: i64) -> Option<i64> {
    let (journal, id) = (format!("{service}.waiting"), event.to_string());
    let notes = case.aside.iter().filter(|note| note.topic == journal && note.raw.timestamp_ms >= from);
    let settled =
        notes.filter(|note| super::headers::text(&note.raw, "orderflow-settled") == Some(id.as_str()));
    settled.map(|note| note.raw.timestamp_ms).min()
}

/// Whether no record with its id stands before it.
fn is_first(case: &Case, event: &Event) -> bool {
    case.with_id(event.id).next().is_some_and(|first| first.place() == event.place())
}

/// Whether a deadline has made it: it follows from the event that waited, whenever that came.
fn is_of_time(event: &Event) -> bool {
    event.source.contains(".at_")
}
