//! A repeat is answered as the first time.

use fraud_scoring::{
    domain::{Policy, refuses},
    profiles::Profiles,
};
use jiff::SignedDuration;
use orderflow::events::Order;

use crate::support::{
    LIMITS, POLICY, answers, batch,
    orders::{again, order},
    step,
};
use orderflow_testkit::RedisServer;

#[tokio::test]
async fn a_repeat_gets_the_first_answer_also_under_another_policy() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let orders: Vec<Order> =
        (0..7u8).map(|i| again(u128::from(i) + 1, "c", i64::from(i) * 5, 5_000)).collect();
    let first = answers(&step(&state, POLICY), &orders).await;
    let refused: Vec<bool> = first.iter().map(|(_, judged)| refuses(&judged.decision)).collect();
    assert_eq!(refused, [false, false, false, false, false, true, true]);
    let held: Vec<bool> = first.iter().map(|(_, judged)| judged.review.is_some()).collect();
    assert_eq!(held, [false, false, false, true, true, false, false]);

    let other =
        Policy { threshold: Some(0.0), hold_threshold: Some(0.0), review_time: SignedDuration::from_secs(1) };
    let strict = step(&state, other);
    assert_eq!(answers(&strict, &orders).await, first);
    for (one, answer) in orders.iter().zip(&first) {
        assert_eq!(&answers(&strict, std::slice::from_ref(one)).await[0], answer);
    }
}

#[tokio::test]
async fn a_repeat_sees_nothing_of_itself_and_counts_once() {
    let Some(server) = RedisServer::start() else { return };
    let profiles = Profiles::new(server.fresh().await, LIMITS.small);
    let one = batch(&[again(1, "c", 30, 5_000)]);
    let first = profiles.observe(&one).await.unwrap();
    profiles.observe(&batch(&[again(2, "c", 40, 5_000)])).await.unwrap();
    assert_eq!(profiles.observe(&one).await.unwrap(), first, "what is placed later never counts");
    let next = profiles.observe(&batch(&[again(3, "c", 50, 5_000)])).await.unwrap();
    assert_eq!(next[0].orders_60s, 2);
}

#[tokio::test]
async fn a_late_order_is_judged_by_when_it_was_placed() {
    let Some(server) = RedisServer::start() else { return };
    let profiles = Profiles::new(server.fresh().await, LIMITS.small);
    let later: Vec<Order> =
        (0..5u8).map(|i| again(u128::from(i) + 1, "c", 3_600 + i64::from(i), 5_000)).collect();
    profiles.observe(&batch(&later)).await.unwrap();
    let late = profiles.observe(&batch(&[order(9, "c")])).await.unwrap();
    assert_eq!((late[0].orders_60s, late[0].known), (0, 0));
}
