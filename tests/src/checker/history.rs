//! All that is known of one order, by time: what a person reads first when a promise is broken.

use jiff::Timestamp;
use uuid::Uuid;

use super::{case::Case, event::Event, headers};
use crate::chaos::evidence::Answer;

/// One line for each record, ledger line and answer.
pub(super) fn of(case: &Case, order: Uuid) -> Vec<String> {
    let key = order.to_string();
    let records = case.events.iter().chain(&case.aside).filter(|event| event.key == key);
    let mut lines: Vec<(i64, String)> =
        records.map(|event| (event.raw.timestamp_ms, record(event))).collect();
    lines.extend(case.parts.movements.iter().filter(|line| line.order_id == key).map(|line| {
        let refund = line.refund_id.as_deref().unwrap_or_default();
        let what = format!("{} {} {} {} {refund}", line.kind, line.amount, line.currency, line.intent_id);
        (millis(&line.at), format!("gateway: {}", what.trim_end()))
    }));
    lines.extend(case.parts.parcels.iter().filter(|line| line.order() == Some(order)).map(|line| {
        let label = line.label_id.as_deref().unwrap_or_default();
        (millis(&line.at), format!("carrier: {} {label}", line.kind))
    }));
    let asked = case.parts.journal.iter().filter(|answer| answer.order_id == Some(order));
    lines.extend(asked.map(|answer| (answer.sent_ms, answered(answer))));
    lines.sort();
    lines.into_iter().map(|(at, line)| format!("{} {line}", clock(at))).collect()
}

fn record(event: &Event) -> String {
    let kind = if event.kind.is_empty() { "(unreadable)" } else { &event.kind };
    let (topic, partition, offset) = event.place();
    let mut line = format!("{topic}/{partition}@{offset} {kind} {}", event.id);
    for (name, value) in [
        ("by", Some(event.source.clone()).filter(|source| !source.is_empty())),
        ("of", event.cause.map(|cause| cause.to_string())),
        ("reason", Some(event.text("/reason").to_owned()).filter(|reason| !reason.is_empty())),
        ("code", headers::text(&event.raw, "orderflow_dlt-code").map(str::to_owned)),
        ("settled", headers::text(&event.raw, "orderflow-settled").map(str::to_owned)),
    ] {
        if let Some(value) = value {
            line.push_str(&format!(", {name} {value}"));
        }
    }
    line
}

fn answered(answer: &Answer) -> String {
    let status = answer.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    format!("asked: {:?} key {:?}: {status}", answer.what, answer.idempotency_key)
}

fn millis(at: &str) -> i64 {
    at.parse::<Timestamp>().map(Timestamp::as_millisecond).unwrap_or_default()
}

fn clock(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or_default();
    at.strftime("%H:%M:%S%.3f").to_string()
}
