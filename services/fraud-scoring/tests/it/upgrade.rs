//! What an earlier version has stored: made anew, never misread.

use fraud_scoring::{profiles::Profiles, rebuild::FraudFold, sighting::Fingerprint};
use orderflow::{clock::Clock, fault::Consequence, state::rebuild::Fold};
use redis::AsyncCommands;

use crate::support::{LIMITS, POLICY, answers, batch, cause, orders::order, step};
use orderflow_testkit::RedisServer;

#[test]
fn windows_that_were_sorted_sets_are_of_an_earlier_layout() {
    assert_eq!(FraudFold::new(Clock::system()).layout(), 2);
}

#[tokio::test]
async fn a_window_of_another_shape_is_lost_and_not_misread() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    for (kind, text) in [("customer", "c"), ("device", "device of c")] {
        let state = server.fresh().await;
        let window = state.key(&format!("{kind}:{}", Fingerprint::of(kind, text).key()));
        let () = redis
            .set(&window, "0123456789ab|01234567|5000|and some more so that it is longer")
            .await
            .unwrap();
        let profiles = Profiles::new(state.clone(), LIMITS.small);
        let fault = profiles.observe(&batch(&[order(1, "c")])).await.unwrap_err();
        assert_eq!(fault.consequence(), Consequence::Lost, "{kind}");
    }
}

#[tokio::test]
async fn a_decision_is_kept_for_weeks() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    let state = server.fresh().await;
    let one = [order(1, "c")];
    for _ in 0..2 {
        answers(&step(&state, POLICY), &one).await;
        let key = state.key(&format!("decision:{}", cause(&one[0]).simple()));
        assert!(redis.get::<_, String>(&key).await.unwrap().contains("\"score\""));
        assert!(redis.ttl::<_, i64>(&key).await.unwrap() > 30 * 86_400);
    }
}
