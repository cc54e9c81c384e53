//! The carrier's answers.

use axum::http::StatusCode;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;
use simulators::carrier::{Entry, read_ledger, s10};

use crate::bench::{Bench, parcel};

#[tokio::test]
async fn a_label_has_a_valid_number_and_is_found_by_its_order() {
    let bench = Bench::carrier();
    let bought = bench.post("/v1/labels", "o1", &parcel("o1")).await;
    assert_eq!(bought.status, StatusCode::OK);
    let number = bought.body["tracking_number"].as_str().unwrap();
    assert!(s10::is_valid(number), "{number}");
    assert_eq!(bench.get("/v1/labels/by-order/o1").await.body, bought.body);
    assert_eq!(bench.get("/v1/labels/by-order/o2").await.status, StatusCode::NOT_FOUND);

    let again = bench.post("/v1/labels", "o1", &parcel("o1")).await;
    assert!(again.replayed());
    assert_eq!(again.content(), bought.content());
    let other = bench.post("/v1/labels", "o1", &parcel("o2")).await;
    assert_eq!((other.status.as_u16(), &other.body["code"]), (422, &json!("idempotency_key_reused")));
}

#[tokio::test]
async fn serials_are_never_used_again_not_even_after_a_void_and_a_restart() {
    let mut bench = Bench::carrier();
    let mut serials = Vec::new();
    for order in ["o1", "o2", "o3", "o4"] {
        let label = bench.post("/v1/labels", order, &parcel(order)).await.body;
        serials.push(label["serial"].as_u64().unwrap());
        let void = format!("/v1/labels/{}/void", label["label_id"].as_str().unwrap());
        assert_eq!(bench.post_raw(&void, None, "").await.body["status"], json!("voided"));
        assert_eq!(bench.post_raw(&void, None, "").await.body["status"], json!("voided"));
        bench.reopen(&json!({}));
    }
    assert_eq!(serials, [1, 2, 3, 4]);
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 8);
    assert_eq!(bench.post_raw("/v1/labels/lbl_x/void", None, "").await.status, StatusCode::NOT_FOUND);
}

const VOID: &str = "/v1/labels/by-order/o1/void";

#[tokio::test]
async fn a_voided_order_can_never_have_a_label_not_even_after_a_restart() {
    let mut bench = Bench::carrier();
    let voided = bench.post_raw(VOID, None, "").await;
    assert_eq!((voided.status, &voided.body["status"]), (StatusCode::OK, &json!("voided")));
    bench.pass_time(SignedDuration::from_hours(48));
    bench.reopen(&json!({"forget_key_rate": 1}));
    assert_eq!(
        bench.post_raw(VOID, None, "").await.content(),
        voided.content(),
        "the time of the first void"
    );
    for key in ["o1", "another key"] {
        let refused = bench.post("/v1/labels", key, &parcel("o1")).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (422, &json!("order_voided")));
    }
    assert_eq!(bench.get("/v1/labels/by-order/o1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(bench.post("/v1/labels", "o2", &parcel("o2")).await.status, StatusCode::OK, "its neighbour");
    let lines = read_ledger(&bench.ledger()).unwrap();
    let voids =
        lines.iter().filter(|line| matches!(&line.entry, Entry::OrderVoid(void) if void.order_id == "o1"));
    assert_eq!((voids.count(), lines.len()), (1, 2));
}

#[tokio::test]
async fn a_void_that_comes_after_the_label_shows_it_and_leaves_it() {
    let bench = Bench::carrier();
    let bought = bench.post("/v1/labels", "o1", &parcel("o1")).await.body;
    for _ in 0..2 {
        let late = bench.post_raw(VOID, None, "").await;
        assert_eq!((late.status, &late.body["status"]), (StatusCode::OK, &json!("label_bought")));
        assert_eq!(late.body["label"], bought);
    }
    assert_eq!(bench.get("/v1/labels/by-order/o1").await.body["status"], json!("purchased"));
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 1);

    let by_hand = format!("/v1/labels/{}/void", bought["label_id"].as_str().unwrap());
    bench.post_raw(&by_hand, None, "").await;
    assert_eq!(
        bench.post_raw(VOID, None, "").await.body["status"],
        json!("voided"),
        "a voided label is none"
    );
}

#[tokio::test]
async fn a_void_without_an_answer_was_made_and_an_error_made_none() {
    let mut bench = Bench::carrier();
    bench.reopen(&json!({"error_rate": 1}));
    assert_eq!(bench.post_raw(VOID, None, "").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 0);
    bench.reopen(&json!({"timeout_after_label_rate": 1}));
    assert_eq!(bench.post_raw(VOID, None, "").await.status, StatusCode::GATEWAY_TIMEOUT);
    let again = bench.post_raw(VOID, None, "").await;
    assert_eq!((again.status, &again.body["status"]), (StatusCode::OK, &json!("voided")));
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_purchase_and_a_void_at_once_one_wins_and_both_hear_of_it() {
    let mut bench = Bench::carrier();
    bench.reopen(&json!({"latency_ms": {"min": 0, "max": 4}}));
    let (mut labels, mut voids) = (0, 0);
    for n in 0..64 {
        let (order, parcel) = (format!("o{n}"), parcel(&format!("o{n}")));
        let path = format!("/v1/labels/by-order/{order}/void");
        let (bought, voided) =
            tokio::join!(bench.post("/v1/labels", &order, &parcel), bench.post_raw(&path, None, ""));
        match bought.status {
            StatusCode::OK => {
                assert_eq!(voided.body["label"], bought.body);
                labels += 1;
            }
            _ => {
                assert_eq!(
                    (&bought.body["code"], &voided.body["status"]),
                    (&json!("order_voided"), &json!("voided"))
                );
                voids += 1;
            }
        }
    }
    let lines = read_ledger(&bench.ledger()).unwrap();
    let bought = lines.iter().filter(|line| matches!(line.entry, Entry::Label(_))).count();
    assert_eq!((bought, lines.len()), (labels, labels + voids), "one line an order");
    assert!(labels > 0 && voids > 0, "{labels} labels, {voids} voids: the test must meet both");
}

#[rstest]
#[case::no_postal_code("postal_code", "")]
#[case::impossible_postal_code("postal_code", "00000")]
#[case::country_not_served("country", "AQ")]
#[case::marked_street("street", "UNDELIVERABLE 7")]
#[case::marked_line("line2", "UNDELIVERABLE")]
#[tokio::test]
async fn an_undeliverable_address_is_422_and_leaves_no_line(#[case] field: &str, #[case] value: &str) {
    let bench = Bench::carrier();
    let mut request = parcel("o1");
    request["to"][field] = json!(value);
    let answer = bench.post("/v1/labels", "o1", &request).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.body["code"], json!("undeliverable_address"));
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(read_ledger(&bench.ledger()).unwrap().len(), 0);
}

#[rstest]
#[case("weight_grams", json!(0), "weight_grams")]
#[case("service_level", json!("teleport"), "service_level")]
#[case("to", json!({"country": "de"}), "to.country")]
#[tokio::test]
async fn a_bad_field_is_named(#[case] field: &str, #[case] value: serde_json::Value, #[case] named: &str) {
    let bench = Bench::carrier();
    let mut request = parcel("o1");
    request[field] = value;
    let answer = bench.post("/v1/labels", "o1", &request).await;
    assert_eq!((answer.status, &answer.body["field"]), (StatusCode::BAD_REQUEST, &json!(named)));
}

#[tokio::test]
async fn a_pickup_window_is_booked_once_and_joined_after() {
    let mut bench = Bench::carrier();
    let window = json!({
        "window_start": "2025-06-02T14:00:00Z", "window_end": "2025-06-02T16:00:00Z", "depot": "north",
    });
    let booked = bench.post("/v1/pickups", "p1", &window).await;
    assert_eq!(booked.status, StatusCode::OK);
    bench.reopen(&json!({}));
    assert_eq!(bench.post("/v1/pickups", "p2", &window).await.body, booked.body);
    assert!(bench.post("/v1/pickups", "p1", &window).await.replayed());
    let mut elsewhere = window.clone();
    elsewhere["depot"] = json!("south");
    assert_ne!(bench.post("/v1/pickups", "p3", &elsewhere).await.body["pickup_id"], booked.body["pickup_id"]);
    let mut backwards = window.clone();
    backwards["window_end"] = json!("2025-06-02T13:00:00Z");
    assert_eq!(bench.post("/v1/pickups", "p4", &backwards).await.status, StatusCode::BAD_REQUEST);

    let lines = read_ledger(&bench.ledger()).unwrap();
    assert_eq!(lines.iter().filter(|line| matches!(line.entry, Entry::Pickup(_))).count(), 2);
}

#[tokio::test]
async fn the_ledger_holds_no_name_and_no_street() {
    let bench = Bench::carrier();
    bench.post("/v1/labels", "o1", &parcel("o1")).await;
    let text = std::fs::read_to_string(bench.ledger()).unwrap();
    assert!(text.contains("o1"));
    for personal in ["Ada", "Muster", "Hauptstr", "Köln", "50667"] {
        assert!(!text.contains(personal), "{personal}");
    }
}
