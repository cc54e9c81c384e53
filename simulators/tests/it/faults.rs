//! The fault switches, as a caller meets them.

use axum::http::StatusCode;
use serde_json::json;
use simulators::gateway::{moved_by_order, read_ledger};

use crate::bench::{Bench, charge, parcel};

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn an_error_does_nothing_and_a_repeat_succeeds_once_it_is_over() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({"error_rate": 1}));
    let failed = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!((failed.status.as_u16(), &failed.body["error"]["type"]), (500, &json!("api_error")));
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 0);
    bench.put("/faults", &json!({"throttle_rate": 1})).await;
    let throttled = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!((throttled.status.as_u16(), &throttled.headers["retry-after"]), (429, &"1".parse().unwrap()));
    bench.put("/faults", &json!({})).await;
    let paid = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!((paid.status, paid.replayed()), (StatusCode::OK, false));
}

#[tokio::test]
async fn a_withheld_answer_is_charged_once_and_told_to_whoever_asks_again() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({"timeout_after_charge_rate": 1}));
    let lost = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!(lost.status, StatusCode::GATEWAY_TIMEOUT);
    let again = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!((again.status, again.replayed()), (StatusCode::OK, true));
    assert_eq!(moved_by_order(&read_ledger(&bench.ledger()).unwrap())["o1"].charges, 1);

    let mut bench = Bench::carrier();
    bench.reopen(&json!({"timeout_after_label_rate": 1}));
    assert_eq!(bench.post("/v1/labels", "o1", &parcel("o1")).await.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(bench.post("/v1/labels", "o1", &parcel("o1")).await.replayed());
    assert_eq!(bench.get("/v1/labels/by-order/o1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_withheld_refund_is_made_once_and_told_to_whoever_asks_again() {
    let mut bench = Bench::gateway();
    let paid = bench.post(INTENTS, "o1:charge", &charge("o1", "tok_visa")).await;
    let id = paid.body["id"].as_str().unwrap().to_owned();
    bench.reopen(&json!({"timeout_after_charge_rate": 1}));
    let body = json!({"payment_intent": id, "amount": 2590, "metadata": {"order_id": "o1"}});
    let lost = bench.post("/v1/refunds", "o1:refund", &body).await;
    assert_eq!(lost.status, StatusCode::GATEWAY_TIMEOUT);
    let found = bench.get(&format!("/v1/refunds?payment_intent={id}")).await;
    let again = bench.post("/v1/refunds", "o1:refund", &body).await;
    assert_eq!((again.status, again.replayed()), (StatusCode::OK, true));
    assert_eq!(found.body["data"], json!([again.body]));
    bench.put("/faults", &json!({"error_rate": 1})).await;
    assert_eq!(bench.post("/v1/refunds", "other", &body).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(moved_by_order(&read_ledger(&bench.ledger()).unwrap())["o1"].refunded, 2590);
}

#[tokio::test]
async fn declines_by_rate_are_like_those_of_a_card() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({"decline_rate": 1}));
    let declined = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!(declined.body["error"]["decline_code"], json!("generic_decline"));
    bench.put("/faults", &json!({})).await;
    let again = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    assert_eq!(again.content(), declined.content());
}

#[tokio::test]
async fn a_wrong_amount_is_what_intent_and_ledger_say_and_goes_back_whole() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({"wrong_amount_rate": 1}));
    let paid = bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    let asked = paid.body["amount"].as_i64().unwrap();
    assert_eq!(paid.body["amount_received"].as_i64(), Some(asked + 1));
    assert_eq!(moved_by_order(&read_ledger(&bench.ledger()).unwrap())["o1"].charged, asked + 1);
    let refund = json!({"payment_intent": paid.body["id"]});
    assert_eq!(bench.post("/v1/refunds", "r", &refund).await.body["amount"].as_i64(), Some(asked + 1));
}

#[tokio::test]
async fn a_gateway_that_forgets_keys_is_noticed_in_the_ledger() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({"forget_key_rate": 1}));
    for _ in 0..2 {
        assert!(!bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await.replayed());
    }
    assert_eq!(moved_by_order(&read_ledger(&bench.ledger()).unwrap())["o1"].charges, 2);
}

#[tokio::test]
async fn switches_are_read_replaced_changed_and_checked() {
    let bench = Bench::gateway();
    let set = bench.put("/faults", &json!({"decline_rate": 0.1, "latency_ms": {"min": 1, "max": 2}})).await;
    assert_eq!((&set.body["decline_rate"], &set.body["error_rate"]), (&json!(0.1), &json!(0.0)));
    assert_eq!(bench.get("/faults").await.body, set.body);

    let refused = bench.put("/faults", &json!({"error_rate": 2, "delcine_rate": 0.1})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.body["error"]["param"], json!("delcine_rate, error_rate"));
    assert_eq!(bench.get("/faults").await.body, set.body);

    let reset = bench.put("/faults", &json!({})).await;
    assert_eq!(reset.body["decline_rate"], json!(0.0));
    assert_eq!(bench.get("/health/ready").await.status, StatusCode::OK);
}
