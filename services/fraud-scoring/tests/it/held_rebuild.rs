//! Held orders after a rebuild: the log is enough to go on as if nothing had happened.

use fraud_scoring::{
    at_review_deadline::DeadlineEvent,
    rebuild::{FraudFold, Memory, Said},
};
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    envelope::Envelope,
    events::{Order, OrderFraudDetected, OrderValidatedForFraud, Record},
};
use redis::AsyncCommands;

use crate::support::{
    cause,
    orders::order,
    published, received,
    shop::{REVIEW_TIME, Shop, after_noon, cancel, review, shown},
};
use orderflow_testkit::RedisServer;

/// What the log tells of an event of the service.
fn log<R: Record>(memory: &mut Memory, by: &str, cause: &Envelope, event: R, now: Timestamp)
where
    Said: From<R>,
{
    let (event, envelope) = published(by, cause, event);
    FraudFold::new(Clock::standing(now)).take(event.into(), &envelope, 0, memory);
}

#[tokio::test]
async fn after_a_rebuild_deadlines_have_the_same_causes_and_no_reminder_comes_twice() {
    let Some(server) = RedisServer::start() else { return };
    let (shop, rebuilt) = (Shop::new(&server).await, Shop::new(&server).await);
    let orders = [order(1, "c"), order(2, "d")];
    let held = shop.hold(&orders).await;
    let before = shop.due(REVIEW_TIME, 0).await;

    let mut memory = Memory::default();
    let now = after_noon(REVIEW_TIME, 0);
    // The reminder of the second is on the log, and read before the order's own event.
    let DeadlineEvent::ReviewEscalated(reminder) = before[1].outcome.clone().into_events().remove(0) else {
        panic!("no reminder")
    };
    log(&mut memory, "fraud-scoring.at_review_deadline", &before[1].cause, reminder, now);
    for (order, held) in orders.iter().zip(held) {
        log(&mut memory, "fraud-scoring.on_order_placed", &received(order).envelope, held, now);
    }
    memory.restore(&rebuilt.state).await.unwrap();

    let after = rebuilt.due(REVIEW_TIME / 2 + 10, 0).await;
    assert_eq!(shown(&after), shown(&before[..1]));
    let after = rebuilt.due(REVIEW_TIME + 10, 0).await;
    assert_eq!(after[1].entry, format!("decided {}", orders[1].order_id));
    assert_eq!(after[1].cause.id, cause(&orders[1]));
}

#[tokio::test]
async fn after_a_rebuild_a_closed_order_answers_as_before() {
    let Some(server) = RedisServer::start() else { return };
    let (shop, rebuilt) = (Shop::new(&server).await, Shop::new(&server).await);
    let orders: Vec<Order> = (1..4).map(|number| order(number, "c")).collect();
    let held = shop.hold(&orders).await;
    let (approve, reject) = (review(&orders[0], "ann", "approve"), review(&orders[1], "ann", "reject"));
    let cancelled = shop.cancel(&cancel(&orders[2]), after_noon(70, 0)).await.unwrap();
    let (approved, rejected) = (shop.decide(&approve).await.unwrap(), shop.decide(&reject).await.unwrap());

    let (mut memory, now) = (Memory::default(), after_noon(80, 0));
    let (by, order) = ("fraud-scoring.on_review_decided", |index: usize| orders[index].clone().into());
    let event = OrderValidatedForFraud { order: order(0), decision: approved.1.clone() };
    log(&mut memory, by, &approve.envelope, event, now);
    for (order, held) in orders.iter().zip(held) {
        log(&mut memory, "fraud-scoring.on_order_placed", &received(order).envelope, held, now);
    }
    let event = OrderFraudDetected { order: order(1), decision: rejected.1.clone() };
    log(&mut memory, by, &reject.envelope, event, now);
    let by = "fraud-scoring.on_order_cancel_requested";
    log(&mut memory, by, &cancel(&orders[2]).envelope, cancelled.clone(), now);
    memory.restore(&rebuilt.state).await.unwrap();

    assert!(rebuilt.due(REVIEW_TIME * 2, 0).await.is_empty());
    assert_eq!(rebuilt.decide(&approve).await, Some(approved));
    assert_eq!(rebuilt.decide(&reject).await, Some(rejected));
    assert_eq!(rebuilt.cancel(&cancel(&orders[2]), now).await, Some(cancelled));
    for order in &orders {
        assert_eq!(rebuilt.decide(&review(order, "ben", "reject")).await, None);
    }
}

#[tokio::test]
async fn an_open_order_outlives_a_rebuild_however_old_it_is_and_a_closed_one_does_not() {
    let Some(server) = RedisServer::start() else { return };
    let (shop, mut rebuilt) = (Shop::new(&server).await, Shop::new(&server).await);
    let orders = [order(1, "c"), order(2, "d")];
    let held = shop.hold(&orders).await;
    let reject = review(&orders[1], "ann", "reject");
    let (_, decision) = shop.decide(&reject).await.unwrap();

    let (mut memory, now) = (Memory::default(), after_noon(40 * 86_400, 0));
    for (order, held) in orders.iter().zip(held) {
        log(&mut memory, "fraud-scoring.on_order_placed", &received(order).envelope, held, now);
    }
    let event = OrderFraudDetected { order: orders[1].clone().into(), decision };
    log(&mut memory, "fraud-scoring.on_review_decided", &reject.envelope, event, now);
    memory.restore(&rebuilt.state).await.unwrap();

    for (order, most) in orders.iter().zip([35 * 86_400, 86_400]) {
        let left: i64 =
            rebuilt.redis.ttl(rebuilt.state.key(&format!("held:{}", order.order_id))).await.unwrap();
        assert!((most - 60..=most).contains(&left), "{left}");
    }
    assert_eq!(rebuilt.due(REVIEW_TIME, 0).await.len(), 1);
    let keys: Vec<String> = rebuilt.redis.keys(rebuilt.state.key("due:*")).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(rebuilt.redis.ttl::<_, i64>(&keys[0]).await.unwrap() > 0);
}
