//! What an earlier version has stored: made anew where it can be, never misread.

use fraud_scoring::{profiles::Profiles, sighting::Fingerprint};
use orderflow::{events::Order, fault::Consequence};
use redis::AsyncCommands;

use crate::support::{
    LIMITS, POLICY, answers, batch, cause,
    orders::{again, order},
    step,
};
use orderflow_testkit::RedisServer;

#[tokio::test]
async fn a_history_of_an_earlier_shape_is_made_anew() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    let state = server.fresh().await;
    let profiles = Profiles::new(state.clone(), LIMITS.small);
    let two = [order(1, "c"), again(2, "c", 30, 5_000)];
    let first = profiles.observe(&batch(&two)).await.unwrap();

    let key = state.key(&format!("event:{}", cause(&two[1]).simple()));
    let earlier = ["7"; 27].join(" ");
    let () = redis.hset(&key, "history", &earlier).await.unwrap();
    assert_eq!(profiles.observe(&batch(&two)).await.unwrap(), first);
    assert_ne!(redis.hget::<_, _, String>(&key, "history").await.unwrap(), earlier);
}

#[tokio::test]
async fn windows_of_an_earlier_layout_are_lost_and_not_misread() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    for (kind, text) in [("customer", "c"), ("device", "device of c")] {
        let state = server.fresh().await;
        let window = state.key(&format!("{kind}:{}", Fingerprint::of(kind, text).key()));
        let () = redis.zadd(&window, "0123456789ab|01234567|5000", 1).await.unwrap();
        let profiles = Profiles::new(state.clone(), LIMITS.small);
        let fault = profiles.observe(&batch(&[order(1, "c")])).await.unwrap_err();
        assert_eq!(fault.consequence(), Consequence::Lost, "{kind}");
    }
}

#[tokio::test]
async fn a_decided_order_keeps_its_decision_and_no_history() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    let state = server.fresh().await;
    let one = [order(1, "c")];
    for _ in 0..2 {
        answers(&step(&state, POLICY), &one).await;
        let key = state.key(&format!("event:{}", cause(&one[0]).simple()));
        assert_eq!(redis.hkeys::<_, Vec<String>>(&key).await.unwrap(), ["decision"]);
        assert!(redis.ttl::<_, i64>(&key).await.unwrap() > 0);
    }
    let next: Order = again(2, "c", 30, 5_000);
    let seen = Profiles::new(state, LIMITS.small).observe(&batch(&[next])).await.unwrap();
    assert_eq!(seen[0].orders_60s, 1, "a repeat is not seen again");
}
