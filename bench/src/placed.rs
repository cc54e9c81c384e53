//! The envelope of a made-up order.

use orderflow::{
    envelope::{Envelope, Tried, ids},
    events::{OrderPlaced, Record},
    trace::TraceContext,
};

/// As intake would send it.
#[must_use]
pub fn envelope(placed: &OrderPlaced) -> Envelope {
    let key = placed.key();
    Envelope {
        id: ids::of_root(&key, "placed"),
        source: "order-intake".to_owned(),
        kind: OrderPlaced::full_name(),
        time: placed.occurred_at(),
        correlation_id: key.clone(),
        subject: key,
        dataschema: None,
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    }
}
