pub mod orders;
pub mod shop;

use fraud_scoring::{
    domain::{Judged, Policy, ReviewTimes, decide, refuses},
    features::Features,
    on_order_placed::{FraudEvent, OnOrderPlaced},
    profiles::Profiles,
    rules::{Limits, Rules},
    sighting::Sighting,
    vector::vector,
    windows::Windows,
};
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried, ids},
    events::{FraudDecision, Order, OrderHeldForReview, OrderPlaced, Record},
    state::State,
    step::{Origin, Received, Step},
    trace::TraceContext,
};
use uuid::Uuid;

pub const LIMITS: Limits = Limits { high: 100_000, small: 1_000 };
pub const POLICY: Policy =
    Policy { threshold: None, hold_threshold: None, review_time: SignedDuration::from_mins(30) };

/// Judges orders one after the other, as the service would, with windows in memory.
pub fn judge(orders: &[Order]) -> Vec<FraudDecision> {
    let (mut windows, rules) = (Windows::default(), Rules::new(LIMITS));
    let mut decide_one = |order: &Order| {
        let history = windows.look_back(&Sighting::of(cause(order), order), LIMITS.small);
        let features = Features::of(order, &history);
        decide(&rules.judge(&features), &vector(&features), &POLICY, order.placed_at).decision
    };
    orders.iter().map(&mut decide_one).collect()
}

/// The id of the OrderPlaced event of an order.
pub fn cause(order: &Order) -> Uuid {
    ids::of_root(&order.order_id.to_string(), "placed")
}

/// An order as it comes off the topic.
pub fn received(order: &Order) -> Received<OrderPlaced> {
    let event = OrderPlaced {
        order: order.clone().into(),
        principal: "anonymous".into(),
        idempotency_key_hash: None,
        request_hash: String::new(),
    };
    as_received(cause(order), event)
}

/// A record with this id, on partition 0 of its topic.
pub fn as_received<R: Record>(id: Uuid, event: R) -> Received<R> {
    let envelope = Envelope {
        id,
        source: "elsewhere".into(),
        kind: R::full_name(),
        time: event.occurred_at(),
        subject: event.key(),
        dataschema: None,
        correlation_id: "request".into(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    let origin = Origin { topic: R::TOPIC, partition: 0, offset: 0, timestamp: event.occurred_at() };
    Received { event, envelope, origin }
}

/// An event as a step has said it, in its envelope.
pub fn published<R: Record>(step: &str, cause: &Envelope, event: R) -> (R, Envelope) {
    let received = as_received(ids::of_event(cause.id, step, R::NAME, 0), event);
    let envelope = Envelope {
        source: step.to_owned(),
        correlation_id: cause.correlation_id.clone(),
        causation_id: Some(cause.id),
        trace: cause.trace.child(),
        ..received.envelope
    };
    (received.event, envelope)
}

pub fn batch(orders: &[Order]) -> Vec<Received<OrderPlaced>> {
    orders.iter().map(received).collect()
}

pub fn step(state: &State, policy: Policy) -> OnOrderPlaced<Rules> {
    let profiles = Profiles::new(state.clone(), LIMITS.small);
    OnOrderPlaced { profiles, scorer: Rules::new(LIMITS), policy, clock: Clock::system() }
}

/// What the step says to these orders.
pub async fn answers(step: &OnOrderPlaced<Rules>, orders: &[Order]) -> Vec<(Order, Judged)> {
    let verdicts = step.handle(&batch(orders)).await.unwrap();
    let event = |verdict: Result<orderflow::step::Outcome<FraudEvent>, _>| {
        let events =
            verdict.map_err(|fault: orderflow::fault::Fault| fault.to_string()).unwrap().into_events();
        let (order, judged) = match <[FraudEvent; 1]>::try_from(events).unwrap() {
            [FraudEvent::OrderValidatedForFraud(e)] => {
                (e.order, Judged { decision: e.decision, review: None, shadow: None })
            }
            [FraudEvent::OrderFraudDetected(e)] => {
                assert!(refuses(&e.decision));
                (e.order, Judged { decision: e.decision, review: None, shadow: None })
            }
            [FraudEvent::ShadowScored(e)] => panic!("nothing is tried here: {e:?}"),
            [FraudEvent::OrderHeldForReview(e)] => {
                let OrderHeldForReview { order, decision, escalate_at, review_by } = e;
                (
                    order,
                    Judged { decision, review: Some(ReviewTimes { escalate_at, review_by }), shadow: None },
                )
            }
        };
        ((*order).clone(), judged)
    };
    verdicts.into_iter().map(event).collect()
}

pub fn micros(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap()
}
