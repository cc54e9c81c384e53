//! Orders that a person has to look at: decided once, by whoever comes first.

use orderflow::{
    events::{OrderFraudDetected, OrderHeldForReview, OrderValidatedForFraud, ReviewEscalated},
    order_state::State,
};
use orderflow_tests::{Request, Shop, eventually, options, servers};
use reqwest::StatusCode;
use serde_json::json;

/// Half of the time to review, and a little, in seconds.
const HALF: i64 = 15 * 60 + 5;

#[tokio::test]
async fn a_held_order_goes_on_when_it_is_approved_and_the_second_decision_hears_the_first() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::suspicious()).await;
    shop.shown(placed.order_id, "InProgress", Some("held")).await;
    let (_, queue) = shop.ask("/reviews").await;
    assert_eq!(queue["reviews"][0]["order_id"], json!(placed.order_id), "{queue}");
    assert!(queue["reviews"][0]["score"].as_f64().is_some_and(|score| (0.3..0.85).contains(&score)));

    assert_eq!(shop.decide(placed.order_id, "approve").await.0, StatusCode::ACCEPTED);
    let (_, validated) = shop.record::<OrderValidatedForFraud>(&placed.order_id.to_string()).await;
    assert_eq!(validated.decision.reviewer.as_deref(), Some("dana"));
    // Before order-status has read that, a second decision is only asked for, and comes to nothing.
    shop.shown(placed.order_id, "Fulfilled", None).await;
    let (status, problem) = shop.decide(placed.order_id, "reject").await;
    assert_eq!(
        (status, &problem["decision"]["decision"]),
        (StatusCode::CONFLICT, &json!("approve")),
        "{problem}"
    );
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_held_order_that_is_rejected_is_refused_and_nothing_is_reserved() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::suspicious().becoming(State::Rejected)).await;
    shop.shown(placed.order_id, "InProgress", Some("held")).await;
    assert_eq!(shop.decide(placed.order_id, "reject").await.0, StatusCode::ACCEPTED);
    let shown = shop.shown(placed.order_id, "Rejected", None).await;
    let events: Vec<&str> =
        shown["timeline"].as_array().unwrap().iter().filter_map(|e| e["event"].as_str()).collect();
    assert!(!events.contains(&"InventoryReserved"), "{events:?}");
    shop.close(&[placed]).await;
}

/// Four orders of one customer within a minute are odd, five are very odd.
#[tokio::test]
async fn at_half_time_somebody_is_reminded_and_at_the_deadline_policy_decides() {
    let shop = Shop::open(options()).await;
    let customer = Request::good();
    let mut placed = Vec::new();
    // Orders lie on partitions of their own: only those that were scored before the next is placed count for it.
    for _ in 0..3 {
        let order = shop.place(&customer).await;
        shop.record::<OrderValidatedForFraud>(&order.order_id.to_string()).await;
        placed.push(order);
    }
    for (becomes, scores) in [(State::Fulfilled, 0.3..0.6), (State::Rejected, 0.6..0.85)] {
        let order = shop.place(&customer.clone().becoming(becomes)).await;
        let (_, held) = shop.record::<OrderHeldForReview>(&order.order_id.to_string()).await;
        assert!(scores.contains(&held.decision.score), "{}", held.decision.score);
        placed.push(order);
    }
    let (odd, very_odd) = (placed[3].order_id.to_string(), placed[4].order_id.to_string());

    shop.move_clock("fraud-scoring-0", HALF).await;
    shop.record::<ReviewEscalated>(&odd).await;
    shop.record::<ReviewEscalated>(&very_odd).await;
    eventually("order-status to list both", async || {
        let (_, queue) = shop.ask("/reviews").await;
        if queue["reviews"].as_array().map(Vec::len) == Some(2) { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;

    shop.move_clock("fraud-scoring-0", 2 * HALF).await;
    let (_, approved) = shop.record::<OrderValidatedForFraud>(&odd).await;
    let (_, rejected) = shop.record::<OrderFraudDetected>(&very_odd).await;
    for decision in [approved.decision, rejected.decision] {
        assert_eq!(decision.reviewer.as_deref(), Some("policy"));
    }
    let escalated = shop.records::<ReviewEscalated>().await;
    assert_eq!(escalated.len(), 2, "said once each");
    shop.close(&placed).await;
}

#[tokio::test]
async fn what_is_held_survives_a_crash_and_a_lost_state_with_its_deadline() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let reviewed = shop.place(&Request::suspicious().becoming(State::Rejected)).await;
    let forgotten = shop.place(&Request::suspicious()).await;
    for order in [reviewed, forgotten] {
        shop.record::<OrderHeldForReview>(&order.order_id.to_string()).await;
    }
    shop.kill("fraud-scoring-0");
    servers::flush(&servers).await;
    shop.start_again("fraud-scoring-0").await;
    // Until its timelines are back, order-status says that it does not know.
    eventually("the decision to be taken", async || match shop.decide(reviewed.order_id, "reject").await {
        (StatusCode::ACCEPTED, _) => Ok(()),
        (status, problem) => Err(format!("{status}: {problem}")),
    })
    .await;
    shop.record::<OrderFraudDetected>(&reviewed.order_id.to_string()).await;
    shop.move_clock("fraud-scoring-0", 2 * HALF).await;
    shop.close(&[reviewed, forgotten]).await;
}

/// The deadline's own step crashes between its decision and the log, and after it.
#[tokio::test]
async fn a_crash_at_the_deadline_decides_once() {
    for point in ["before_produce", "before_commit", "after_commit"] {
        let shop = Shop::open(options()).await;
        let placed = shop.place(&Request::suspicious()).await;
        let key = placed.order_id.to_string();
        shop.record::<OrderHeldForReview>(&key).await;
        shop.move_clock("fraud-scoring-0", HALF).await;
        shop.record::<ReviewEscalated>(&key).await;
        shop.arm("fraud-scoring-0", point, 1).await;
        shop.move_clock("fraud-scoring-0", 2 * HALF).await;
        shop.died("fraud-scoring-0").await;
        shop.start_again("fraud-scoring-0").await;
        shop.move_clock("fraud-scoring-0", 2 * HALF).await;
        shop.close(&[placed]).await;
    }
}
