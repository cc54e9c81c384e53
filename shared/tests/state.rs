//! The guard around every effect, on a real Redis: state that knows less than it was told does nothing.

// The helpers too are tests: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use orderflow::{
    fault::{Consequence, Fault},
    state::{Args, EffectScript, State},
    topics::{FRAUD, ORDERS},
};
use orderflow_testkit::RedisServer;
use redis::AsyncCommands;

/// State that nobody has initialised.
async fn untouched(server: &RedisServer) -> State {
    State::new(server.connect().await, "test:")
}

/// Counts how often it ran.
async fn effect(state: &State) -> Result<i64, Fault> {
    state.call(&EffectScript::new("return redis.call('INCR', P .. 'effects')"), Args::new()).await
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, Fault>) -> bool {
    matches!(result, Err(fault) if fault.consequence() == Consequence::Lost)
}

#[tokio::test]
async fn nothing_happens_before_a_generation_is_known() {
    let Some(server) = RedisServer::start() else { return };
    let state = untouched(&server).await;
    assert!(is_lost(effect(&state).await));
    assert!(is_lost(state.adopt("cluster").await), "there is none to adopt");
    state.initialise("cluster").await.unwrap();
    assert_eq!(effect(&state).await.unwrap(), 1);
}

#[tokio::test]
async fn a_flush_is_noticed_by_the_next_effect() {
    let Some(server) = RedisServer::start() else { return };
    let state = untouched(&server).await;
    state.initialise("cluster").await.unwrap();
    effect(&state).await.unwrap();
    let () = redis::cmd("FLUSHALL").query_async(&mut state.redis()).await.unwrap();
    assert!(is_lost(effect(&state).await));
    assert!(is_lost(state.verify().await), "also by an idle process");
    assert_eq!(
        state.redis().get::<_, Option<i64>>(state.key("effects")).await.unwrap(),
        None,
        "and nothing was done"
    );
}

#[tokio::test]
async fn a_redis_that_is_behind_what_was_seen_does_nothing() {
    let Some(server) = RedisServer::start() else { return };
    let state = untouched(&server).await;
    state.initialise("cluster").await.unwrap();
    state.hold(BTreeMap::from([((ORDERS, 0), 0), ((FRAUD, 3), 0)]));
    state.advance(&[(ORDERS, 0, 10), (FRAUD, 3, 5)]).await.unwrap();
    effect(&state).await.unwrap();
    // As after a restart from an older file.
    let () = state.redis().hset(state.key("applied"), "fraud/3", 4).await.unwrap();
    assert!(is_lost(effect(&state).await));
    let () = state.redis().hdel(state.key("applied"), "fraud/3").await.unwrap();
    assert!(is_lost(effect(&state).await));
    let () = state.redis().hset(state.key("applied"), "fraud/3", 9).await.unwrap();
    effect(&state).await.expect("another instance may be ahead");
}

#[tokio::test]
async fn kafkas_committed_offset_is_the_least_that_must_be_applied() {
    let Some(server) = RedisServer::start() else { return };
    let state = untouched(&server).await;
    state.initialise("cluster").await.unwrap();
    state.hold(BTreeMap::from([((ORDERS, 0), 7)]));
    assert!(is_lost(effect(&state).await), "Kafka has committed 7, Redis has applied nothing");
    state.hold(BTreeMap::new());
    effect(&state).await.expect("the partition is another instance's now");
}

#[tokio::test]
async fn applied_offsets_never_go_back() {
    let Some(server) = RedisServer::start() else { return };
    let state = untouched(&server).await;
    state.initialise("cluster").await.unwrap();
    state.hold(BTreeMap::from([((ORDERS, 0), 0)]));
    state.advance(&[(ORDERS, 0, 10)]).await.unwrap();
    state.advance(&[(ORDERS, 0, 4)]).await.unwrap();
    assert_eq!(state.redis().hget::<_, _, i64>(state.key("applied"), "orders/0").await.unwrap(), 10);
    assert_eq!(state.held_offsets()[&(ORDERS, 0)], 10);
}

#[tokio::test]
async fn state_of_another_kafka_cluster_is_refused() {
    let Some(server) = RedisServer::start() else { return };
    let state = untouched(&server).await;
    state.initialise("cluster-a").await.unwrap();
    let fault = untouched(&server).await.adopt("cluster-b").await.unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Fatal, "other_cluster"));
}
