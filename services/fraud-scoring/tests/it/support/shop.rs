//! The service's steps and its tick, in a state of their own.

use fraud_scoring::{
    at_review_deadline::{AtReviewDeadline, DeadlineEvent},
    domain::Policy,
    on_order_cancel_requested::OnOrderCancelRequested,
    on_order_placed::FraudEvent,
    on_review_decided::{OnReviewDecided, ReviewEvent},
    reviews::Reviews,
};
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    envelope::ids,
    events::{
        FraudDecision, Order, OrderCancelRequested, OrderHeldForReview, OrderPlaced, OrderReviewCancelled,
        ReviewDecided,
    },
    fault::Fault,
    runtime::{Due, Tick},
    state::State,
    step::{Outcome, Received, Step},
    topics::{ORDERS, Topic},
};
use redis::aio::ConnectionManager;

use super::{POLICY, as_received, micros, orders::NOON, received, step};
use orderflow_testkit::RedisServer;

pub const PARTITION: [(Topic, i32); 1] = [(ORDERS, 0)];
/// 30 minutes, in seconds.
pub const REVIEW_TIME: i64 = 1_800;

/// A service in a state of its own.
pub struct Shop {
    pub redis: ConnectionManager,
    pub state: State,
}

impl Shop {
    pub async fn new(server: &RedisServer) -> Self {
        let redis = server.connect().await;
        Self { state: server.fresh().await, redis }
    }

    pub fn reviews(&self) -> Reviews {
        Reviews::new(self.state.clone())
    }

    pub fn tick(&self) -> AtReviewDeadline {
        AtReviewDeadline::new(self.reviews(), 0.6)
    }

    /// Places orders that are held at noon, whatever their score.
    pub async fn hold(&self, orders: &[Order]) -> Vec<OrderHeldForReview> {
        self.hold_at(micros(NOON), orders).await
    }

    /// Places orders that are held then, whatever their score.
    pub async fn hold_at(&self, now: Timestamp, orders: &[Order]) -> Vec<OrderHeldForReview> {
        let mut step = step(&self.state, Policy { hold_threshold: Some(0.0), ..POLICY });
        step.clock = Clock::standing(now);
        let placed: Vec<Received<OrderPlaced>> = orders.iter().map(received).collect();
        let said = step.handle(&placed).await.unwrap();
        said.into_iter()
            .map(|answer| match answer.unwrap().into_events().remove(0) {
                FraudEvent::OrderHeldForReview(event) => event,
                other => panic!("not held: {other:?}"),
            })
            .collect()
    }

    pub async fn review(
        &self,
        reviews: &[Received<ReviewDecided>],
    ) -> Vec<Result<Option<ReviewEvent>, Fault>> {
        let step = OnReviewDecided { reviews: self.reviews() };
        step.handle(reviews).await.unwrap().into_iter().map(|answer| answer.map(only)).collect()
    }

    /// The decision on the order, if this review made it.
    pub async fn decide(&self, review: &Received<ReviewDecided>) -> Option<(bool, FraudDecision)> {
        let mut answers = self.review(std::slice::from_ref(review)).await;
        Some(match answers.remove(0).unwrap()? {
            ReviewEvent::OrderValidatedForFraud(event) => (true, event.decision),
            ReviewEvent::OrderFraudDetected(event) => (false, event.decision),
        })
    }

    pub async fn cancel(
        &self,
        cancel: &Received<OrderCancelRequested>,
        now: Timestamp,
    ) -> Option<OrderReviewCancelled> {
        let step = OnOrderCancelRequested { reviews: self.reviews(), clock: Clock::standing(now) };
        only(step.handle(std::slice::from_ref(cancel)).await.unwrap().remove(0).unwrap())
    }

    /// What is due this many seconds and microseconds after noon.
    pub async fn due(&self, seconds: i64, us: i64) -> Vec<Due<DeadlineEvent>> {
        self.tick().due(after_noon(seconds, us), &PARTITION).await.unwrap()
    }

    pub async fn settle(&self, due: &[Due<DeadlineEvent>]) {
        let entries: Vec<String> = due.iter().map(|due| due.entry.clone()).collect();
        self.tick().settled(&entries).await.unwrap();
    }
}

pub fn only<E>(outcome: Outcome<E>) -> Option<E> {
    let mut events = outcome.into_events();
    assert!(events.len() <= 1);
    events.pop()
}

pub fn after_noon(seconds: i64, us: i64) -> Timestamp {
    micros(NOON + seconds * 1_000_000 + us)
}

pub fn review(order: &Order, reviewer: &str, decision: &str) -> Received<ReviewDecided> {
    let event = ReviewDecided {
        order_id: order.order_id,
        decision: decision.into(),
        reviewer: reviewer.into(),
        reason: format!("{reviewer} knows"),
        decided_at: after_noon(60, 0),
    };
    let id = ids::from_parts(&[&order.order_id.to_string(), reviewer, decision]);
    as_received(id, event)
}

pub fn cancel(order: &Order) -> Received<OrderCancelRequested> {
    let event = OrderCancelRequested {
        order_id: order.order_id,
        reason: String::new(),
        requested_by: "anonymous".into(),
        requested_at: after_noon(60, 0),
    };
    as_received(ids::of_root(&order.order_id.to_string(), "cancel"), event)
}

pub fn shown(due: &[Due<DeadlineEvent>]) -> Vec<String> {
    due.iter().map(|due| format!("{} {} {:?}", due.cause.id, due.cause.correlation_id, due.outcome)).collect()
}
