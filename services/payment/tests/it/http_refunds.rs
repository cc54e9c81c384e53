//! Refunds by the client, against a server that answers what a test wants.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use orderflow::{events::Order, fault::Fault};
use payment::gateway::{Gateway, Refunded};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{client, order};

/// A request for a refund, as it arrived: key and form.
type Posted = (String, String);

/// What the server holds: the payment, what it answers to a refund, the refunds it lists.
struct Holds {
    intent: Value,
    answer: (u16, Value),
    listed: Vec<Value>,
}

/// Asks for the order's refund at a server that holds this; what came back, and what was posted.
async fn refund(order: &Order, holds: Holds) -> (Result<Refunded, Fault>, Vec<Posted>) {
    let posted: Arc<Mutex<Vec<Posted>>> = Arc::default();
    let log = posted.clone();
    let status = StatusCode::from_u16(holds.answer.0).unwrap();
    let answer = async move |headers: HeaderMap, body: String| {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        log.lock().unwrap().push((key, body));
        (status, Json(holds.answer.1))
    };
    let (intent, listed) = (Json(holds.intent), Json(json!({ "object": "list", "data": holds.listed })));
    let router = Router::new()
        .route("/v1/payment_intents/pi_1", get(async || intent))
        .route("/v1/refunds", get(async || listed).post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _serving = JoinSet::from_iter([async move { axum::serve(listener, router).await.unwrap() }]);
    let refunded = client(&url, Duration::from_secs(10)).refund(order, "pi_1").await;
    let posted = posted.lock().unwrap().clone();
    (refunded, posted)
}

/// The order's payment, of which this much went back.
fn charged(order: &Order, refunded: i64) -> Value {
    json!({
        "id": "pi_1", "status": "succeeded", "amount": 2_500, "amount_received": 2_500,
        "amount_refunded": refunded, "currency": "eur", "metadata": { "order_id": order.order_id },
    })
}

fn made(id: &str, amount: i64, status: &str) -> Value {
    json!({ "id": id, "status": status, "amount": amount, "currency": "eur", "payment_intent": "pi_1" })
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({ "error": { "type": "invalid_request_error", "code": code } }))
}

#[rstest]
#[case::done("succeeded")]
#[case::on_its_way("pending")]
#[tokio::test]
async fn a_refund_names_its_payment_its_total_and_its_key(#[case] status: &str) {
    let order = order("tok_visa");
    let answer = (200, made("re_1", 2_500, status));
    let holds = Holds { intent: charged(&order, 0), answer, listed: Vec::new() };
    let (refunded, posted) = refund(&order, holds).await;
    assert_eq!(refunded.unwrap().refund_id, "re_1");
    let body = format!("payment_intent=pi_1&amount=2500&metadata%5Border_id%5D={}", order.order_id);
    assert_eq!(posted, [(format!("{}:refund", order.order_id), body)]);
}

#[rstest]
#[case::whole(vec![made("re_2", 2_500, "succeeded"), made("re_1", 2_500, "failed")])]
#[case::in_parts(vec![made("re_2", 1_500, "pending"), made("re_1", 1_000, "succeeded")])]
#[tokio::test]
async fn what_went_back_already_is_told_and_not_sent_again(#[case] listed: Vec<Value>) {
    let order = order("tok_visa");
    let holds = Holds { intent: charged(&order, 2_500), answer: refused("unasked"), listed };
    let (refunded, posted) = refund(&order, holds).await;
    assert_eq!((refunded.unwrap().refund_id.as_str(), posted), ("re_2", Vec::new()));
}

#[rstest]
#[case::refunded_by_hand(refused("charge_already_refunded"))]
#[case::first_attempt_failed((200, made("re_1", 2_500, "failed")))]
#[case::key_of_another_request((400, json!({ "error": { "type": "idempotency_error" } })))]
#[tokio::test]
async fn a_refund_that_is_not_made_is_looked_for(#[case] answer: (u16, Value)) {
    let order = order("tok_visa");
    for (listed, expected) in [
        (vec![made("re_9", 2_500, "succeeded")], Ok("re_9")),
        (vec![made("re_9", 2_500, "failed")], Err("refund_failed")),
        (Vec::new(), Err("refund_failed")),
    ] {
        // A gateway that does not say on the payment what went back.
        let holds = Holds { intent: charged(&order, 0), answer: answer.clone(), listed };
        let (refunded, _) = refund(&order, holds).await;
        let refunded = refunded.as_ref().map(|done| done.refund_id.as_str()).map_err(Fault::code);
        assert_eq!(refunded, expected);
    }
}

#[rstest]
#[case::in_part(made("re_1", 1_000, "succeeded"))]
#[case::other_currency(json!({ "id": "re_1", "amount": 2_500, "currency": "usd", "payment_intent": "pi_1" }))]
#[case::other_payment(json!({ "id": "re_1", "amount": 2_500, "currency": "eur", "payment_intent": "pi_2" }))]
#[case::impossible_id(made("re_1/x", 2_500, "succeeded"))]
#[tokio::test]
async fn what_went_back_is_never_taken_for_the_orders_when_it_is_not(#[case] other: Value) {
    let order = order("tok_visa");
    let listed =
        Holds { intent: charged(&order, 1), answer: refused("unasked"), listed: vec![other.clone()] };
    let answered = Holds { intent: charged(&order, 0), answer: (200, other), listed: Vec::new() };
    for holds in [listed, answered] {
        assert_eq!(refund(&order, holds).await.0.unwrap_err().code(), "refund_mismatch");
    }
}

#[rstest]
#[case::never_charged("status", json!("canceled"), "refund_without_charge")]
#[case::not_yet_charged("status", json!("processing"), "refund_without_charge")]
#[case::other_order("metadata", json!({ "order_id": "somebody else's" }), "charge_mismatch")]
#[case::other_amount("amount_received", json!(2_499), "charge_mismatch")]
#[tokio::test]
async fn nothing_is_sent_for_a_payment_that_is_not_the_orders(
    #[case] field: &str,
    #[case] value: Value,
    #[case] code: &str,
) {
    let order = order("tok_visa");
    let mut intent = charged(&order, 0);
    intent[field] = value;
    let holds = Holds { intent, answer: refused("unasked"), listed: Vec::new() };
    let (refunded, posted) = refund(&order, holds).await;
    assert_eq!((refunded.unwrap_err().code(), posted), (code, Vec::new()));
}
