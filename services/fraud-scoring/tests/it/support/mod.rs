pub mod orders;
pub mod redis_server;

use fraud_scoring::{
    domain::{Policy, decide},
    features::Features,
    on_order_placed::{FraudEvent, OnOrderPlaced},
    profiles::Profiles,
    rules::{Limits, Rules},
    sighting::Sighting,
    windows::Windows,
};
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    envelope::{Envelope, ids},
    events::{FraudDecision, Order, OrderPlaced},
    state::State,
    step::{Origin, Received, Step},
    topics::ORDERS,
    trace::TraceContext,
};

pub const LIMITS: Limits = Limits { high: 100_000, small: 1_000 };
pub const POLICY: Policy = Policy { threshold: 0.85 };

/// Judges orders one after the other, as the service would, with windows in memory.
pub fn judge(orders: &[Order]) -> Vec<FraudDecision> {
    let (mut windows, rules) = (Windows::default(), Rules::new(LIMITS));
    let mut decide_one = |order: &Order| {
        let history = windows.look_back(&Sighting::of(cause(order), order), LIMITS.small);
        decide(&rules.judge(&Features::of(order, &history)), &POLICY, order.placed_at)
    };
    orders.iter().map(&mut decide_one).collect()
}

/// The id of the OrderPlaced event of an order.
pub fn cause(order: &Order) -> uuid::Uuid {
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
    let envelope = Envelope {
        id: cause(order),
        source: "order-intake".into(),
        kind: "orderflow.orders.OrderPlaced".into(),
        time: order.placed_at,
        subject: order.order_id.to_string(),
        dataschema: None,
        correlation_id: "request".into(),
        causation_id: None,
        trace: TraceContext::root(),
    };
    let origin = Origin { topic: ORDERS, partition: 0, offset: 0, timestamp: order.placed_at };
    Received { event, envelope, origin }
}

pub fn batch(orders: &[Order]) -> Vec<Received<OrderPlaced>> {
    orders.iter().map(received).collect()
}

pub fn step(state: &State, policy: Policy) -> OnOrderPlaced<Rules> {
    let profiles = Profiles::new(state.clone(), LIMITS.small);
    OnOrderPlaced { profiles, scorer: Rules::new(LIMITS), policy, clock: Clock::system() }
}

/// What the step says to these orders: the order, its decision, and whether it was refused.
pub async fn answers(step: &OnOrderPlaced<Rules>, orders: &[Order]) -> Vec<(Order, FraudDecision, bool)> {
    let verdicts = step.handle(&batch(orders)).await.unwrap();
    let event = |verdict: Result<orderflow::step::Outcome<FraudEvent>, _>| {
        let events =
            verdict.map_err(|fault: orderflow::fault::Fault| fault.to_string()).unwrap().into_events();
        match <[FraudEvent; 1]>::try_from(events).unwrap() {
            [FraudEvent::OrderValidatedForFraud(e)] => ((*e.order).clone(), e.decision, false),
            [FraudEvent::OrderFraudDetected(e)] => ((*e.order).clone(), e.decision, true),
        }
    };
    verdicts.into_iter().map(event).collect()
}

pub fn micros(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap()
}
