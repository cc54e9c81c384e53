//! Examples as a step receives them.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried, ids},
    events::{Order, OrderCancelRequested, OrderPlaced, Record},
    schemas,
    step::{Origin, Received},
    trace::TraceContext,
};
use uuid::Uuid;

/// Every example of a record, by name.
pub fn examples<R: Record>() -> Vec<(String, R)> {
    let texts = schemas::examples(R::TOPIC.name(), R::NAME);
    assert!(!texts.is_empty(), "{} has no example", R::NAME);
    texts.into_iter().map(|(name, text)| (name, serde_json::from_str(text).unwrap())).collect()
}

/// One of them.
pub fn example<R: Record>() -> R {
    examples().remove(0).1
}

/// The order of this id as it was placed.
pub fn placed(order_id: Uuid) -> OrderPlaced {
    let mut all = examples::<OrderPlaced>().into_iter().map(|(_, placed)| placed);
    all.find(|placed| placed.order.order_id == order_id).unwrap_or_else(|| panic!("{order_id} is not placed"))
}

/// The order of this id.
pub fn order(order_id: Uuid) -> Arc<Order> {
    placed(order_id).order
}

/// A request to cancel the order of this id.
pub fn cancel(order_id: Uuid) -> OrderCancelRequested {
    OrderCancelRequested { order_id, ..example() }
}

/// A record as it comes off its topic: the same of a name is the same event.
pub fn received<R: Record>(name: &str, event: R) -> Received<R> {
    let time = event.occurred_at();
    let envelope = Envelope {
        id: ids::from_parts(&["example", R::NAME, name]),
        source: "example".to_owned(),
        kind: R::full_name(),
        time,
        subject: event.key(),
        dataschema: None,
        correlation_id: "example".to_owned(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Received { event, envelope, origin: Origin { topic: R::TOPIC, partition: 0, offset: 0, timestamp: time } }
}

/// A clock that tells this time, and goes on from there.
pub fn standing_at(time: Timestamp) -> Clock {
    let clock = Clock::system();
    clock.set_offset(time.duration_since(clock.now()));
    clock
}
