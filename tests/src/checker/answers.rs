//! I10: the same request under the same idempotency key has one answer, byte by byte, and is one order.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Violation};
use crate::chaos::evidence::{Answer, Sent};

const I10: &str = "I10";

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut requests: BTreeMap<(&str, &[u8]), Vec<&Answer>> = BTreeMap::new();
    let accepted = case.parts.journal.iter().filter(|answer| {
        answer.what == Sent::Placed && !answer.idempotency_key.is_empty() && answer.status == Some(202)
    });
    for answer in accepted {
        requests.entry((&answer.idempotency_key, &answer.body)).or_default().push(answer);
    }
    let mut broken = Vec::new();
    for ((key, _), answers) in requests {
        let orders: BTreeSet<_> = answers.iter().map(|answer| answer.order_id).collect();
        let bodies: BTreeSet<_> = answers.iter().map(|answer| &answer.answer).collect();
        let order = answers.iter().find_map(|answer| answer.order_id);
        if orders.len() > 1 {
            broken.push(case.broken(I10, order, format!("key {key:?} is {} orders", orders.len())));
        } else if bodies.len() > 1 {
            broken.push(case.broken(
                I10,
                order,
                format!("key {key:?} was answered in {} ways", bodies.len()),
            ));
        }
    }
    broken
}
