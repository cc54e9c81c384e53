//! State rebuilt from the published decisions answers as the state that was lost.

use std::sync::Arc;

use fraud_scoring::{
    domain::{Judged, ReviewTimes, refuses},
    profiles::{Decided, Profiles},
    rebuild::{FraudFold, Memory},
};
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    envelope::Envelope,
    events::{Order, OrderFraudDetected, OrderHeldForReview, OrderValidatedForFraud},
};
use proptest::{prelude::*, test_runner::TestRunner};
use redis::AsyncCommands;
use uuid::Uuid;

use crate::support::{
    LIMITS, POLICY, answers, batch,
    orders::{crowd, order},
    received, step,
};
use orderflow_testkit::{RedisServer, block_on};

/// What the log tells of these answers.
pub fn log(fold: &FraudFold, answers: &[(Order, Judged)]) -> Memory {
    let mut memory = Memory::default();
    for (order, judged) in answers {
        let (order, decision) = (Arc::new(order.clone()), judged.decision.clone());
        let said = match judged.review {
            Some(ReviewTimes { escalate_at, review_by }) => {
                OrderHeldForReview { order: order.clone(), decision, escalate_at, review_by }.into()
            }
            None if refuses(&decision) => OrderFraudDetected { order: order.clone(), decision }.into(),
            None => OrderValidatedForFraud { order: order.clone(), decision }.into(),
        };
        let envelope = received(&order).envelope;
        fold.take(said, &Envelope { causation_id: Some(envelope.id), ..envelope }, 0, &mut memory);
    }
    memory
}

#[test]
fn a_rebuild_repeats_decisions_and_sees_the_same_history() {
    let Some(server) = RedisServer::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 32, ..ProptestConfig::default() });
    let shuffled = crowd(120).prop_flat_map(|orders| {
        let places: Vec<usize> = (0..orders.len()).chain([0]).collect(); // one event is on the log twice
        (Just(orders), Just(places).prop_shuffle(), crowd(10), 1usize..40)
    });
    runner
        .run(&shuffled, |(orders, sequence, next, size)| {
            block_on(async {
                let (live, rebuilt) = (server.fresh().await, server.fresh().await);
                let mut said = Vec::new();
                for orders in orders.chunks(size) {
                    said.extend(answers(&step(&live, POLICY), orders).await);
                }

                let events = log(&FraudFold::new(Clock::system()), &said).decided;
                let events: Vec<Decided> = sequence.iter().map(|place| events[*place].clone()).collect();
                for events in events.chunks(size) {
                    Profiles::restore(&rebuilt, events).await.unwrap();
                }

                let unseen =
                    |(i, order): (u128, Order)| Order { order_id: Uuid::from_u128(10_000 + i), ..order };
                let next = batch(&(0..).zip(next).map(unseen).collect::<Vec<Order>>());
                let before = Profiles::new(live, LIMITS.small).observe(&next).await.unwrap();
                let after = Profiles::new(rebuilt.clone(), LIMITS.small).observe(&next).await.unwrap();
                prop_assert_eq!(before, after);

                prop_assert_eq!(answers(&step(&rebuilt, POLICY), &orders).await, said);
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn rebuilt_keys_end_when_they_would_have_ended() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    let (live, rebuilt) = (server.fresh().await, server.fresh().await);
    let said = answers(&step(&live, POLICY), &[order(1, "c")]).await;

    let clock = Clock::system();
    clock.set_offset(SignedDuration::from_hours(40 * 24)); // 40 days later
    log(&FraudFold::new(clock), &said).restore(&rebuilt).await.unwrap();
    let keys: Vec<String> = redis.keys(rebuilt.key("*:*")).await.unwrap();
    assert_eq!(keys.len(), 1, "only the profile is younger than its life: {keys:?}");
    let left: i64 = redis.ttl(&keys[0]).await.unwrap();
    assert!((51 * 86_400..=52 * 86_400).contains(&left), "{left}");
}
