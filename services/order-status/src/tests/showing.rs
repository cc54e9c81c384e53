//! One order, shown.

use std::time::Duration;

use axum::http::Method;
use orderflow::{http::kind, topics::ORDERS};
use serde_json::json;

use super::{
    events::at,
    fixture::{FAR, Fixture, id},
};
use crate::problem_kind;

#[tokio::test]
async fn an_order_is_shown_with_its_timeline_to_whoever_knows_its_id() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["InventoryReserved", "OrderValidatedForFraud", "OrderPlaced"]).await;
    let path = format!("/orders/{}", id(1));
    let shown = service.send(Method::GET, &path, &[("test-peer", FAR)], "").await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let body = &shown.body;
    assert_eq!(body["order_id"], id(1));
    assert_eq!((&body["state"], &body["step"]), (&json!("InProgress"), &json!("reserved")));
    assert_eq!((&body["customer_id"], &body["total"]), (&json!("cust-42"), &json!(2580)));
    assert_eq!(body["placed_at"], json!(at(1)));
    let events: Vec<_> = body["timeline"].as_array().unwrap().iter().map(|e| e["event"].clone()).collect();
    assert_eq!(events, ["OrderPlaced", "OrderValidatedForFraud", "InventoryReserved"]);
    assert_eq!(body["timeline"][0]["facts"], "25.80 EUR, 2 units, standard");
    assert!(!shown.header("x-correlation-id").is_empty());
}

#[tokio::test]
async fn an_unknown_order_is_404_only_once_the_timelines_have_passed_the_end_of_the_log() {
    let Some(service) = Fixture::start().await else { return };
    service.end.set(3);
    let path = format!("/orders/{}", id(1));
    let mut asked = Box::pin(service.get(&path));
    let early = tokio::time::timeout(Duration::from_millis(150), &mut asked).await;
    assert!(early.is_err(), "nobody knows yet: {early:?}");
    service.state.advance(&[(ORDERS, 0, 3)]).await.unwrap();
    assert_eq!(asked.await.problem(), (404, "unknown_order"));

    service.end.set(4);
    let mut asked = Box::pin(service.get(&path));
    let early = tokio::time::timeout(Duration::from_millis(150), &mut asked).await;
    assert!(early.is_err(), "{early:?}");
    service.fold_all(1, &["OrderPlaced"]).await;
    assert_eq!(asked.await.status, 200, "whoever has placed an order finds it");
}

#[tokio::test]
async fn a_service_that_lags_says_so_and_never_404() {
    let Some(service) = Fixture::start().await else { return };
    service.end.set(3);
    let shown = service.get(&format!("/orders/{}", id(1))).await;
    assert_eq!(shown.problem(), (503, "unavailable"));
    assert_eq!(shown.header("retry-after"), "5");
}

#[tokio::test]
async fn what_cannot_be_meant_is_told_parameter_by_parameter() {
    let Some(service) = Fixture::start().await else { return };
    let path = format!("/orders/{}", id(1));
    let wrong = service.get(&format!("{path}?wait=ever&timeout=61s&colour=red")).await;
    assert_eq!(wrong.problem(), (400, "invalid_query"));
    assert_eq!(
        wrong.mistakes(),
        [("wait", "malformed"), ("timeout", "malformed"), ("colour", "unknown_field")]
    );
    assert_eq!(service.get("/orders/not-a-uuid").await.problem(), (404, "unknown_order"));
    assert_eq!(service.get("/nothing").await.problem(), (404, "not_found"));
    assert_eq!(service.post("/orders", &json!({})).await.problem(), (405, "method_not_allowed"));
}

#[tokio::test]
async fn every_problem_type_is_served_and_in_the_readme() {
    let Some(service) = Fixture::start().await else { return };
    let readme = include_str!("../../README.md");
    let listed = service.get("/problems").await;
    let kinds: Vec<_> = kind::ALL.iter().chain(problem_kind::ALL).collect();
    assert_eq!(listed.body.as_array().unwrap().len(), kinds.len());
    for kind in kinds {
        let answer = service.get(&kind.uri()).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (200, &json!(kind.code())));
        let row = format!("| `{}` | {} |", kind.code(), kind.status().as_u16());
        assert!(readme.contains(&row), "README lacks: {row}");
    }
    assert_eq!(service.get("/problems/nothing").await.problem(), (404, "not_found"));
}
