//! The flow as one answer.

use std::collections::BTreeMap;

use orderflow::fault::Fault;
use serde_json::{Value, json};

use super::{
    Flow,
    breakers::{self, Open},
    counts::{Counted, WINDOW},
    hops::{HOPS, Hop, INTAKE},
};
use crate::desk::Desk;

/// All of it, now.
///
/// # Errors
/// `Lost` while the timelines are being rebuilt; `Transient` when Redis does not answer. What Kafka does not tell is
/// `null`.
pub async fn of(desk: &Desk, flow: &Flow) -> Result<Value, Fault> {
    desk.timelines.require_whole().await?;
    let now = desk.clock.now();
    let counted = flow.counts.counted(now);
    let standing = desk.timelines.standing().await?;
    let open = breakers::open(desk.timelines.state(), now).await?;
    let hops = HOPS.iter().zip(counted.hops).map(|(hop, pace)| {
        let mut told = json!({
            "service": hop.service, "reads": names(hop.reads), "writes": names(hop.writes), "per_s": pace.per_s,
            "p50_ms": pace.p50_ms, "p95_ms": pace.p95_ms, "lag": null, "lag_age_s": null, "instances": null,
            "dead_letters": flow.letters.open(hop.service).0, "faults": faults(flow, hop, &open),
        });
        if let Some(standing) = flow.lags.of(hop.service).filter(|_| hop.service != INTAKE) {
            let behind = standing.behind(hop.reads);
            told["lag"] = json!(behind.records);
            told["lag_age_s"] = json!(behind.age_s(now));
            told["instances"] = json!(standing.instances);
        }
        told
    });
    let hops: Vec<Value> = hops.collect();
    let Counted { end_to_end, .. } = counted;
    Ok(json!({
        "at": now,
        "window_s": WINDOW,
        "orders": orders(counted.hops[0].per_s, standing),
        "hops": hops,
        "end_to_end": { "p50_ms": end_to_end.p50_ms, "p95_ms": end_to_end.p95_ms },
    }))
}

/// How many orders are where. One that is held is not told of as in progress, too.
fn orders(accepted_per_s: f64, mut standing: BTreeMap<&'static str, u64>) -> Value {
    let mut take = |name| standing.remove(name).unwrap_or(0);
    let (in_progress, held, parked) = (take("InProgress"), take("held"), take("Parked"));
    json!({
        "accepted_per_s": accepted_per_s, "in_progress": in_progress.saturating_sub(held), "held": held,
        "parked": parked, "ended": standing,
    })
}

fn names(topics: &[orderflow::topics::Topic]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.name()).collect()
}

/// What is wrong at a service, and since when.
fn faults(flow: &Flow, hop: &Hop, open: &[Open]) -> Vec<Value> {
    let breakers = open.iter().filter(|open| open.service == hop.service).map(|open| {
        json!({ "what": format!("breaker {}", open.state.replace('_', " ")), "of": open.breaker, "since": open.since })
    });
    let (letters, oldest) = flow.letters.open(hop.service);
    let letters =
        (letters > 0).then(|| json!({ "what": "dead letters", "of": hop.service, "since": oldest }));
    breakers.chain(letters).collect()
}
