//! The windows in Redis and their twin say the same, and stay bounded.

use fraud_scoring::{
    history::History,
    profiles::Profiles,
    sighting::Sighting,
    windows::{DAY, SECOND, Windows},
};
use orderflow::{events::Order, fault::Consequence};
use proptest::{prelude::*, test_runner::TestRunner};
use redis::AsyncCommands;

use crate::support::{
    LIMITS, batch, cause, micros,
    orders::{NOON, crowd, order},
};
use orderflow_testkit::{RedisServer, block_on};

fn twin(orders: &[Order]) -> Vec<History> {
    let mut windows = Windows::default();
    orders.iter().map(|order| windows.look_back(&Sighting::of(cause(order), order), LIMITS.small)).collect()
}

#[test]
fn redis_and_the_twin_see_the_same_histories() {
    let Some(server) = RedisServer::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    runner
        .run(&(crowd(160), 1usize..50), |(orders, size)| {
            block_on(async {
                let profiles = Profiles::new(server.fresh().await, LIMITS.small);
                let mut histories = Vec::new();
                for orders in orders.chunks(size) {
                    histories.extend(profiles.observe(&batch(orders)).await.unwrap());
                }
                prop_assert_eq!(histories, twin(&orders));
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn windows_stay_bounded_and_hold_nobody_in_clear() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    let state = server.fresh().await;
    let profiles = Profiles::new(state.clone(), LIMITS.small);
    // Later ones first, then a backlog, then one that is far later than all.
    let second = |i: i64| if i < 200 { 400 - i } else { i - 200 };
    let number = |i: i64, at: i64| Order {
        placed_at: micros(NOON + at),
        ..order(u128::try_from(i).unwrap() + 1, "busy@example.org")
    };
    let mut orders: Vec<Order> = (0..400).map(|i| number(i, second(i) * SECOND)).collect();
    let histories = profiles.observe(&batch(&orders)).await.unwrap();
    assert_eq!(histories, twin(&orders));

    let keys: Vec<String> = redis.keys(state.key("*")).await.unwrap();
    let mut windows = 0;
    for key in keys.iter().filter(|key| **key != state.key("cluster")) {
        assert!(!key.contains("busy"), "{key}");
        assert!(redis.ttl::<_, i64>(key).await.unwrap() > 0, "{key} has no end");
        windows += 1;
        let bytes = if key.contains("customer:") { 256 * 42 } else { 32 * 30 };
        assert_eq!(redis.strlen::<_, usize>(key).await.unwrap(), bytes, "{key}");
    }
    assert_eq!(windows, 5);

    orders.push(number(400, 92 * DAY));
    profiles.observe(&batch(&orders[400..])).await.unwrap();
    let customer = keys.iter().find(|key| key.contains("customer:")).unwrap();
    assert_eq!(redis.strlen::<_, usize>(customer).await.unwrap(), 42);
}

#[test]
fn a_window_is_the_same_whatever_the_sequence_of_its_orders() {
    let Some(server) = RedisServer::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 32, ..ProptestConfig::default() });
    let shuffled =
        crowd(120).prop_flat_map(|orders| (Just(orders.clone()), Just(orders).prop_shuffle(), 1usize..50));
    runner
        .run(&shuffled, |(orders, shuffled, size)| {
            block_on(async {
                let mut windows = Vec::new();
                for orders in [orders, shuffled] {
                    let state = server.fresh().await;
                    let profiles = Profiles::new(state.clone(), LIMITS.small);
                    for orders in orders.chunks(size) {
                        profiles.observe(&batch(orders)).await.unwrap();
                        profiles.observe(&batch(&orders[..1])).await.unwrap(); // a repeat adds nothing
                    }
                    let (mut redis, root) = (server.connect().await, state.key(""));
                    let mut keys: Vec<String> = redis.keys(state.key("*:*")).await.unwrap();
                    keys.sort();
                    let held: Vec<Vec<u8>> = redis.mget(&keys).await.unwrap();
                    let keys: Vec<String> = keys.iter().map(|key| key.replace(&root, "")).collect();
                    windows.push((keys, held));
                }
                prop_assert_eq!(&windows[0], &windows[1]);
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn a_state_that_was_flushed_is_lost_and_not_begun_anew() {
    let Some(server) = RedisServer::start() else { return };
    let redis = server.connect().await;
    let state = server.fresh().await;
    let profiles = Profiles::new(state.clone(), LIMITS.small);
    profiles.observe(&batch(&[order(1, "a")])).await.unwrap();
    let () = redis::cmd("FLUSHALL").query_async(&mut redis.clone()).await.unwrap();
    let fault = profiles.observe(&batch(&[order(2, "a")])).await.unwrap_err();
    assert_eq!(fault.consequence(), Consequence::Lost);
    let size: usize = redis::cmd("DBSIZE").query_async(&mut redis.clone()).await.unwrap();
    assert_eq!(size, 0);
}
