//! The gateway's answers.

use std::pin::pin;

use axum::http::StatusCode;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use simulators::gateway::{Kind, moved_by_order, read_ledger};

use crate::bench::{Bench, charge};

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_charge_is_in_the_ledger_and_found_by_its_order() {
    let bench = Bench::gateway();
    let paid = bench.post(INTENTS, "o1:charge", &charge("o1", "tok_visa")).await;
    assert_eq!(paid.status, StatusCode::OK);
    assert_eq!((&paid.body["status"], &paid.body["currency"]), (&json!("succeeded"), &json!("eur")));
    assert!(!paid.replayed());

    let id = paid.body["id"].as_str().unwrap();
    assert_eq!(bench.get(&format!("{INTENTS}/{id}")).await.body, paid.body);
    let found = bench.get(&search("o1")).await;
    assert_eq!(found.body["data"], json!([paid.body]));

    let lines = read_ledger(&bench.ledger()).unwrap();
    let line = &lines[0];
    assert_eq!((line.sequence, line.entry.kind, line.entry.amount), (1, Kind::Charge, 2590));
    assert_eq!((line.entry.order_id.as_str(), line.entry.currency.as_str()), ("o1", "EUR"));
    assert_eq!(line.idempotency_key.as_deref(), Some("o1:charge"));
    assert_eq!(bench.get("/ledger").await.body, json!(lines));
    assert_eq!(bench.get("/ledger?after=1").await.body, json!([]));
}

/// The path that searches for an order, as Stripe's clients write it.
fn search(order: &str) -> String {
    format!("{INTENTS}/search?query=metadata%5B%27order_id%27%5D%3A%27{order}%27")
}

#[tokio::test]
async fn an_intent_is_created_by_a_form_and_charged_once_it_is_confirmed() {
    let bench = Bench::gateway();
    let form = "amount=2590&currency=eur&payment_method=pm_card_visa&metadata%5Border_id%5D=o1\
                &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never";
    let created = bench.post_form(INTENTS, "o1:charge", form).await;
    assert_eq!((created.status, &created.body["status"]), (StatusCode::OK, &json!("requires_confirmation")));
    assert_eq!(
        (&created.body["amount"], &created.body["metadata"]),
        (&json!(2590), &json!({"order_id": "o1"}))
    );
    let confirm = format!("{INTENTS}/{}/confirm", created.body["id"].as_str().unwrap());
    let charged = bench.post_form(&confirm, "o1:confirm", "return_url=https%3A%2F%2Fshop.example%2F").await;
    assert_eq!(
        (&charged.body["status"], &charged.body["amount_received"]),
        (&json!("succeeded"), &json!(2590))
    );
    assert!(
        bench.post_form(&confirm, "o1:confirm", "return_url=https%3A%2F%2Fshop.example%2F").await.replayed()
    );
    let again = bench.post_form(&confirm, "other", "").await;
    assert_eq!(again.body["error"]["code"], "payment_intent_unexpected_state");
    let wrong = bench.post_form(INTENTS, "o2:charge", "amount=2590&currency=eur&colour=red").await;
    assert_eq!(
        (wrong.status, &wrong.body["error"]["code"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_request"))
    );
    let kinds: Vec<_> =
        read_ledger(&bench.ledger()).unwrap().into_iter().map(|line| line.entry.kind).collect();
    assert_eq!(kinds, [Kind::Intent, Kind::Charge]);
}

#[tokio::test]
async fn a_search_does_not_find_what_is_new_and_its_key_does() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({ "search_lag_ms": 60_000 }));
    let paid = bench.post(INTENTS, "o1:charge", &charge("o1", "tok_visa")).await;
    assert_eq!(bench.get(&search("o1")).await.body["data"], json!([]));
    assert_eq!(bench.post(INTENTS, "o1:charge", &charge("o1", "tok_visa")).await.content(), paid.content());
    bench.pass_time(SignedDuration::from_secs(60));
    assert_eq!(bench.get(&search("o1")).await.body["data"], json!([paid.body]));
}

#[rstest]
#[case::says_yes("confirm", StatusCode::OK, "succeeded", Kind::Charge)]
#[case::says_no("refuse", StatusCode::PAYMENT_REQUIRED, "requires_payment_method", Kind::Decline)]
#[tokio::test]
async fn some_cards_ask_their_customers_first(
    #[case] act: &str,
    #[case] status: StatusCode,
    #[case] stands: &str,
    #[case] kind: Kind,
) {
    let bench = Bench::gateway();
    let asked = bench.post(INTENTS, "o1:charge", &charge("o1", "tok_authenticationRequired")).await;
    assert_eq!(
        (&asked.body["status"], &asked.body["amount_received"]),
        (&json!("requires_action"), &json!(0))
    );
    let id = asked.body["id"].as_str().unwrap();
    let confirmed_again = bench.post(&format!("{INTENTS}/{id}/confirm"), "again", &json!({})).await;
    assert_eq!(confirmed_again.body["status"], "requires_action", "only its customer can go on");
    let path = format!("/customer/{id}/{act}");
    assert_eq!(bench.post(&path, "", &json!({})).await.status, status);
    assert_eq!(bench.get(&format!("{INTENTS}/{id}")).await.body["status"], stands);
    assert_eq!(bench.post(&path, "", &json!({})).await.status, StatusCode::BAD_REQUEST, "it was asked once");
    let kinds: Vec<_> =
        read_ledger(&bench.ledger()).unwrap().into_iter().map(|line| line.entry.kind).collect();
    assert_eq!(kinds, [Kind::Action, kind]);
}

#[tokio::test]
async fn any_card_may_be_one_that_asks() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({ "ask_rate": 1.0 }));
    let asked = bench.post(INTENTS, "o1:charge", &charge("o1", "tok_visa")).await;
    assert_eq!(asked.body["status"], "requires_action");
    let declined = bench.post(INTENTS, "o2:charge", &charge("o2", "tok_chargeDeclined")).await;
    assert_eq!(declined.body["error"]["code"], "card_declined");
}

#[tokio::test]
async fn whoever_is_asked_in_vain_can_be_cancelled() {
    let bench = Bench::gateway();
    let asked = bench.post(INTENTS, "o1:charge", &charge("o1", "tok_authenticationRequired")).await;
    let id = asked.body["id"].as_str().unwrap();
    let cancelled = bench.post(&format!("{INTENTS}/{id}/cancel"), "c", &json!({})).await;
    assert_eq!(cancelled.body["status"], "canceled");
    assert_eq!(
        bench.post(&format!("/customer/{id}/confirm"), "", &json!({})).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_repeat_is_answered_from_the_ledger_also_after_a_restart() {
    let mut bench = Bench::gateway();
    let paid = bench.post(INTENTS, "k1", &charge("o1", "tok_visa")).await;
    let declined = bench.post(INTENTS, "k2", &charge("o2", "tok_chargeDeclined")).await;
    for restart in [false, true] {
        if restart {
            bench.reopen(&json!({}));
        }
        let again = bench.post(INTENTS, "k1", &charge("o1", "tok_visa")).await;
        assert!(again.replayed());
        assert_eq!(again.content(), paid.content());
        let again = bench.post(INTENTS, "k2", &charge("o2", "tok_chargeDeclined")).await;
        assert!(again.replayed());
        assert_eq!(again.content(), declined.content());
    }
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 2);
}

#[tokio::test]
async fn a_decline_is_402_with_the_reason_and_the_intent() {
    let bench = Bench::gateway();
    let answer = bench.post(INTENTS, "k", &charge("o1", "tok_chargeDeclinedInsufficientFunds")).await;
    let error = &answer.body["error"];
    assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!((&error["type"], &error["code"]), (&json!("card_error"), &json!("card_declined")));
    assert_eq!(error["decline_code"], json!("insufficient_funds"));
    assert_eq!(error["payment_intent"]["status"], json!("requires_payment_method"));
    assert_eq!(error["payment_intent"]["last_payment_error"]["decline_code"], json!("insufficient_funds"));
    assert_eq!(read_ledger(&bench.ledger()).unwrap()[0].entry.kind, Kind::Decline);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_however_it_is_spelled() {
    let bench = Bench::gateway();
    bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    let other = bench.post(INTENTS, "k", &charge("o1", "tok_mastercard")).await;
    assert_eq!(
        (other.status, &other.body["error"]["type"]),
        (StatusCode::BAD_REQUEST, &json!("idempotency_error"))
    );
    let elsewhere = bench.post("/v1/refunds", "k", &json!({"payment_intent": "pi_1"})).await;
    assert_eq!(elsewhere.body["error"]["type"], json!("idempotency_error"));

    let spelled = r#" {"confirm":true, "metadata":{"order_id":"o1"}, "payment_method":"tok_visa",
        "currency":"EUR", "amount":2590, "description":null} "#;
    assert!(bench.post_raw(INTENTS, Some("k"), spelled).await.replayed());
}

#[tokio::test]
async fn a_key_is_forgotten_after_its_life() {
    let bench = Bench::gateway();
    bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await;
    bench.pass_time(SignedDuration::from_hours(23));
    assert!(bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await.replayed());
    bench.pass_time(SignedDuration::from_hours(1));
    assert!(!bench.post(INTENTS, "k", &charge("o1", "tok_visa")).await.replayed());
    let lines = read_ledger(&bench.ledger()).unwrap();
    assert_eq!(moved_by_order(&lines)["o1"].charges, 2);
}

#[tokio::test]
async fn a_request_in_progress_holds_its_key_until_its_caller_hangs_up() {
    let mut bench = Bench::gateway();
    bench.reopen(&json!({"latency_ms": {"min": 600_000, "max": 600_000}}));
    let body = charge("o1", "tok_visa");
    {
        let mut first = pin!(bench.post(INTENTS, "k", &body));
        assert!(futures::poll!(&mut first).is_pending());
        let second = bench.post(INTENTS, "k", &body).await;
        assert_eq!(second.status, StatusCode::CONFLICT);
        assert_eq!(second.body["error"]["code"], json!("idempotency_key_in_use"));
    }
    bench.put("/faults", &json!({})).await;
    assert_eq!(bench.post(INTENTS, "k", &body).await.status, StatusCode::OK);
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_void_stops_an_intent_for_good_and_a_charge_cannot_be_voided() {
    let bench = Bench::gateway();
    let mut unconfirmed = charge("o1", "tok_visa");
    unconfirmed["confirm"] = json!(false);
    let intent = bench.post(INTENTS, "k1", &unconfirmed).await;
    assert_eq!(intent.body["status"], json!("requires_confirmation"));
    let cancel = format!("{INTENTS}/{}/cancel", intent.body["id"].as_str().unwrap());
    let voided = bench.post_raw(&cancel, None, "").await;
    assert_eq!((voided.status, &voided.body["status"]), (StatusCode::OK, &json!("canceled")));
    let again = bench.post_raw(&cancel, None, "{}").await;
    assert_eq!(again.body["error"]["payment_intent"], voided.body);

    let paid = bench.post(INTENTS, "k2", &charge("o2", "tok_visa")).await;
    let cancel = format!("{INTENTS}/{}/cancel", paid.body["id"].as_str().unwrap());
    let refused = bench.post_raw(&cancel, None, "").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.body["error"]["code"], json!("payment_intent_unexpected_state"));
    assert_eq!(refused.body["error"]["payment_intent"], paid.body);

    let kinds: Vec<_> = read_ledger(&bench.ledger()).unwrap().iter().map(|line| line.entry.kind).collect();
    assert_eq!(kinds, [Kind::Intent, Kind::Void, Kind::Charge]);
}

#[tokio::test]
async fn refunds_never_exceed_the_charge() {
    let bench = Bench::gateway();
    let paid = bench.post(INTENTS, "c", &charge("o1", "tok_visa")).await;
    let id = &paid.body["id"];
    let refund = async |key: &str, amount: Value| {
        bench.post("/v1/refunds", key, &json!({"payment_intent": id, "amount": amount})).await
    };
    let part = refund("r1", json!(590)).await;
    assert_eq!((part.status, &part.body["amount"]), (StatusCode::OK, &json!(590)));
    assert_eq!(refund("r1", json!(590)).await.content(), part.content());
    assert_eq!(refund("r2", json!(2001)).await.body["error"]["code"], json!("amount_too_large"));
    assert_eq!(refund("r3", json!(0)).await.body["error"]["code"], json!("amount_too_small"));
    assert_eq!(refund("r4", Value::Null).await.body["amount"], json!(2000));
    assert_eq!(refund("r5", Value::Null).await.body["error"]["code"], json!("charge_already_refunded"));

    let lines = read_ledger(&bench.ledger()).unwrap();
    let moved = &moved_by_order(&lines)["o1"];
    assert_eq!((moved.charges, moved.charged, moved.refunded), (1, 2590, 2590));
}

#[tokio::test]
async fn a_refund_is_found_by_its_payment_also_after_a_restart() {
    let mut bench = Bench::gateway();
    let paid = bench.post(INTENTS, "c", &charge("o1", "tok_visa")).await;
    let id = paid.body["id"].as_str().unwrap();
    let list = format!("/v1/refunds?payment_intent={id}&limit=100");
    assert_eq!(bench.get(&list).await.body["data"], json!([]));

    let refund = async |key: &str, amount: i64| {
        bench.post("/v1/refunds", key, &json!({"payment_intent": id, "amount": amount})).await.body
    };
    let (older, newer) = (refund("r1", 590).await, refund("r2", 2000).await);
    for restart in [false, true] {
        if restart {
            bench.reopen(&json!({}));
        }
        assert_eq!(bench.get(&list).await.body["data"], json!([newer, older]));
        let intent = bench.get(&format!("{INTENTS}/{id}")).await.body;
        assert_eq!((&intent["status"], &intent["amount_refunded"]), (&json!("succeeded"), &json!(2590)));
    }
}

#[rstest]
#[case::no_key(None, charge("o", "tok_visa").to_string(), 400, "idempotency_key_missing")]
#[case::empty_key(Some(""), charge("o", "tok_visa").to_string(), 400, "idempotency_key_invalid")]
#[case::not_json(Some("k"), "amount=1".into(), 400, "invalid_request")]
#[case::trailing(Some("k"), charge("o", "tok_visa").to_string() + "x", 400, "invalid_request")]
#[case::wrong_type(Some("k"), r#"{"amount":"1","currency":"EUR"}"#.into(), 400, "invalid_request")]
#[case::unknown_field(Some("k"), r#"{"amount":1,"currency":"EUR","capture_method":"manual"}"#.into(), 400, "invalid_request")]
#[case::no_order(Some("k"), r#"{"amount":1,"currency":"EUR"}"#.into(), 400, "parameter_missing")]
#[case::bad_token(Some("k"), charge("o", "4242 4242").to_string(), 400, "resource_missing")]
#[case::too_large(Some("k"), "x".repeat(70_000), 413, "body_too_large")]
#[tokio::test]
async fn a_bad_request_is_refused_and_leaves_no_line(
    #[case] key: Option<&str>,
    #[case] body: String,
    #[case] status: u16,
    #[case] code: &str,
) {
    let bench = Bench::gateway();
    let answer = bench.post_raw(INTENTS, key, body).await;
    assert_eq!((answer.status.as_u16(), &answer.body["error"]["code"]), (status, &json!(code)));
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 0);
}

#[tokio::test]
async fn an_unknown_path_method_or_intent_is_404() {
    let bench = Bench::gateway();
    let unknown = "/v1/refunds?payment_intent=pi_unknown";
    for path in ["/v2/charges", "/v1/refunds/re_1", unknown, "/v1/payment_intents/pi_unknown"] {
        let answer = bench.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.body["error"]["type"], json!("invalid_request_error"));
    }
    for path in ["/v1/payment_intents/search", "/v1/refunds"] {
        assert_eq!(bench.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}
