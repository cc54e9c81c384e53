//! What becomes of a held order when nobody decides.

use fraud_scoring::at_review_deadline::DeadlineEvent;
use jiff::SignedDuration;
use orderflow::{
    events::{FraudDecision, Order, ReviewEscalated},
    runtime::{Due, Tick},
    topics::{ORDERS, REVIEWS},
};
use uuid::Uuid;

use crate::support::{
    cause,
    orders::order,
    shop::{PARTITION, REVIEW_TIME, Shop, after_noon, cancel, review, shown},
};
use orderflow_testkit::RedisServer;

#[tokio::test]
async fn people_are_reminded_once_at_half_time_and_not_a_microsecond_earlier() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    let order = order(1, "c");
    let held = shop.hold(std::slice::from_ref(&order)).await.remove(0);
    let tick = shop.tick();
    let just_before = held.escalate_at - SignedDuration::from_micros(1);
    assert!(tick.due(just_before, &PARTITION).await.unwrap().is_empty());
    assert!(tick.due(held.escalate_at, &[(ORDERS, 1), (REVIEWS, 0)]).await.unwrap().is_empty(), "not ours");

    let due = tick.due(held.escalate_at, &PARTITION).await.unwrap();
    let events = due[0].outcome.clone().into_events();
    let [DeadlineEvent::ReviewEscalated(reminder)] = &events[..] else { panic!("{events:?}") };
    let expected = ReviewEscalated {
        order_id: order.order_id,
        score: held.decision.score,
        held_at: held.decision.decided_at,
        review_by: held.review_by,
        escalated_at: held.escalate_at,
    };
    assert_eq!(*reminder, expected);
    assert_eq!(due[0].cause.id, cause(&order));

    // Until it is committed it is said again, word for word; then no more.
    let later = tick.due(held.review_by, &PARTITION).await.unwrap();
    assert_eq!(shown(&later), shown(&due));
    shop.settle(&due).await;
    let just_before = held.review_by - SignedDuration::from_micros(1);
    assert!(tick.due(just_before, &PARTITION).await.unwrap().is_empty());
    assert!(shop.decide(&review(&order, "ann", "approve")).await.is_some());
    shop.settle(&due).await; // a second time, late
    assert!(shop.due(REVIEW_TIME * 2, 0).await.is_empty());
}

#[tokio::test]
async fn what_nobody_has_decided_in_time_policy_decides_once() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    // Five orders within a minute: the fifth scores above 0.6, the first far below.
    let orders: Vec<Order> = (1..6).map(|number| order(number, "c")).collect();
    let held = shop.hold(&orders).await;
    assert!(held[0].decision.score < 0.6 && held[4].decision.score > 0.6);
    shop.settle(&shop.due(REVIEW_TIME, 0).await).await;

    let now = held[4].review_by + SignedDuration::from_secs(7);
    let due = shop.tick().due(now, &PARTITION).await.unwrap();
    assert_eq!(due.len(), 5);
    let decisions: Vec<(bool, FraudDecision)> = due
        .iter()
        .map(|due| match due.outcome.clone().into_events().remove(0) {
            DeadlineEvent::OrderValidatedForFraud(event) => (true, event.decision),
            DeadlineEvent::OrderFraudDetected(event) => (false, event.decision),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((decisions[0].0, decisions[4].0), (true, false));
    let expected = FraudDecision {
        decided_at: now,
        reviewer: Some("policy".into()),
        review_reason: Some("nobody decided in time".into()),
        ..held[4].decision.clone()
    };
    assert_eq!(decisions[4].1, expected);

    // Not committed yet, and still decided: a person comes too late, and a repeat says the same, with its time.
    assert_eq!(shop.decide(&review(&orders[4], "ann", "approve")).await, None);
    assert_eq!(shop.cancel(&cancel(&orders[0]), now).await, None);
    assert_eq!(shown(&shop.due(REVIEW_TIME * 3, 0).await), shown(&due));
    shop.settle(&due).await;
    assert!(shop.due(REVIEW_TIME * 3, 0).await.is_empty());
}

#[tokio::test]
async fn a_tick_takes_a_hundred_at_most_the_oldest_first() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    let orders: Vec<Order> = (1..=120).map(|number| order(number, &format!("c{number}"))).collect();
    shop.hold(&orders[100..]).await;
    shop.hold_at(after_noon(1, 0), &orders[..100]).await;
    let first = shop.due(REVIEW_TIME + 1, 0).await;
    let ids: Vec<Uuid> = first.iter().map(|due| due.cause.id).collect();
    assert_eq!(ids.len(), 100);
    assert!(orders[100..].iter().all(|order| ids.contains(&cause(order))), "the oldest are among them");
    shop.settle(&first).await;
    let events =
        |due: &[Due<DeadlineEvent>]| due.iter().filter(|due| due.entry.starts_with("escalated")).count();
    assert_eq!(events(&shop.due(REVIEW_TIME / 2 + 10, 0).await), 20);
}
