//! I1: whatever a caller was told is accepted is on the log, as it was asked for.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::{Case, Violation};
use crate::chaos::evidence::{Answer, Sent};

const I1: &str = "I1";
const ACCEPTED: u16 = 202;

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let accepted = case.parts.journal.iter().filter(|answer| answer.status == Some(ACCEPTED));
    let mut seen = HashSet::new();
    accepted
        .filter(|answer| {
            seen.insert((answer.order_id, format!("{:?}", answer.what), &answer.body, &answer.answer))
        })
        .filter_map(|answer| {
            let wrong = wrong(case, answer)?;
            Some(case.broken(I1, answer.order_id, wrong))
        })
        .collect()
}

fn wrong(case: &Case, answer: &Answer) -> Option<String> {
    let on_log = |order, kind| case.of(order).any(|event| event.kind == kind);
    match answer.what {
        Sent::Placed => match answer.order_id {
            None => Some("a 202 that names no order".to_owned()),
            Some(order) => placed(case, order, &answer.body),
        },
        Sent::Cancelled { order } if !on_log(order, "OrderCancelRequested") => {
            Some("its cancel was accepted and is not on the log".to_owned())
        }
        Sent::Reviewed { order } if !on_log(order, "ReviewDecided") => {
            Some("a decision about it was accepted and is not on the log".to_owned())
        }
        Sent::Adjusted => adjusted(case, answer),
        Sent::Cancelled { .. } | Sent::Reviewed { .. } => None,
    }
}

/// What was to change on the shelf is there, under the id that was told.
fn adjusted(case: &Case, answer: &Answer) -> Option<String> {
    let part = |json: &Value| (json["sku"].as_str().map(str::to_owned), json["delta"].as_i64());
    let asked = part(&serde_json::from_slice(&answer.body).ok()?);
    let told: Value = serde_json::from_slice(&answer.answer).unwrap_or_default();
    let Some(id) = told["event_id"].as_str().and_then(|id| Uuid::parse_str(id).ok()) else {
        return Some("a 202 that names no adjustment".to_owned());
    };
    let requested = case.with_id(id).find(|event| event.kind == "StockAdjustmentRequested");
    let got = requested.map(|event| part(&event.fields));
    (got.as_ref() != Some(&asked)).then(|| format!("asked for was {asked:?} as {id}, on the log is {got:?}"))
}

/// The order is there, with the units that were asked for.
fn placed(case: &Case, order: Uuid, body: &[u8]) -> Option<String> {
    let Some(placed) = case.of(order).find(|event| event.kind == "OrderPlaced") else {
        return Some("it was accepted and is not on the log".to_owned());
    };
    let asked: Value = serde_json::from_slice(body).ok()?;
    let (asked, got) = (units(asked.get("lines")), units(placed.fields.pointer("/order/lines")));
    (asked != got).then(|| format!("asked for were {asked:?}, on the log are {got:?}"))
}

/// Units by SKU.
pub(super) fn units(lines: Option<&Value>) -> BTreeMap<String, i64> {
    let mut units = BTreeMap::new();
    for line in lines.and_then(Value::as_array).into_iter().flatten() {
        let sku = line["sku"].as_str().unwrap_or_default().to_owned();
        *units.entry(sku).or_default() += line["quantity"].as_i64().unwrap_or_default();
    }
    units
}
