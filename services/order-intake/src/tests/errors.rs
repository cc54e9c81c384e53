//! Every refusal is a problem (RFC 9457) with its status, its code and the request's own id.

use axum::http::Method;
use orderflow::http::kind;
use rstest::rstest;
use serde_json::json;

use super::fixture::{Fixture, order, order_with};
use crate::{limits::MAX_BODY, problem_kind};

const JSON: (&str, &str) = ("content-type", "application/json");

#[rstest]
#[case::not_found(Method::GET, "/nothing", None, "", 404, "not_found")]
#[case::get_orders(Method::GET, "/orders", None, "", 405, "method_not_allowed")]
#[case::delete_index(Method::DELETE, "/", None, "", 405, "method_not_allowed")]
#[case::no_content_type(Method::POST, "/orders", None, "{}", 415, "unsupported_media_type")]
#[case::a_form(
    Method::POST,
    "/orders",
    Some("application/x-www-form-urlencoded"),
    "a=b",
    415,
    "unsupported_media_type"
)]
#[case::not_json(Method::POST, "/orders", Some("application/json"), "{\"lines\"", 400, "malformed_json")]
#[case::not_utf8(
    Method::POST,
    "/orders",
    Some("application/json; charset=utf-8"),
    "{\"\u{0}\"}",
    400,
    "malformed_json"
)]
#[case::of_another_shape(Method::POST, "/orders", Some("application/json"), "[]", 422, "unexpected_json")]
#[case::no_such_problem(Method::GET, "/problems/nothing", None, "", 404, "not_found")]
#[tokio::test]
async fn a_refusal_is_a_problem(
    #[case] method: Method,
    #[case] path: &str,
    #[case] content_type: Option<&str>,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let Some(service) = Fixture::start().await else { return };
    let mut headers = vec![("x-correlation-id", "req/1")];
    headers.extend(content_type.map(|text| ("content-type", text)));
    let answer = service.send(method, path, &headers, body).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["status"], json!(status));
    assert_eq!(answer.body["instance"], json!("req%2F1"));
    assert!(!answer.body["title"].as_str().unwrap().is_empty());
    assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    assert_eq!(answer.header("x-correlation-id"), "req/1");
    assert!(!answer.header("traceparent").is_empty());
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn a_method_not_allowed_names_those_that_are() {
    let Some(service) = Fixture::start().await else { return };
    assert_eq!(service.send(Method::GET, "/orders", &[], "").await.header("allow"), "POST");
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_whatever_its_length_header_says() {
    let Some(service) = Fixture::start().await else { return };
    let body = " ".repeat(MAX_BODY + 1);
    let length = body.len().to_string();
    for headers in [vec![JSON], vec![JSON, ("content-length", length.as_str())]] {
        let answer = service.send(Method::POST, "/orders", &headers, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (413, "body_too_large"));
    }
}

#[tokio::test]
async fn all_bad_fields_of_an_order_are_in_one_answer() {
    let Some(service) = Fixture::start().await else { return };
    let mut bad = order_with("/lines/1", json!({"sku": "KIT-NOTHING", "quantity": 0}));
    bad["payment_token"] = json!("4242");
    let answer = service.order(&bad, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, "invalid_fields"));
    let of = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    assert_eq!(
        answer.mistakes(),
        [
            of("/lines/1/quantity", "out_of_range"),
            of("/payment_token", "malformed"),
            of("/lines/1/sku", "unknown"),
        ]
    );
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn a_refused_order_does_not_use_up_its_key() {
    let Some(service) = Fixture::start().await else { return };
    let key = [("idempotency-key", "k")];
    assert_eq!(service.order(&order_with("/currency", json!("XXX")), &key).await.status, 422);
    assert_eq!(service.order(&order(), &key).await.status, 202);
}

#[tokio::test]
async fn a_thousand_mistakes_are_counted_and_a_hundred_named() {
    let Some(service) = Fixture::start().await else { return };
    let lines: Vec<_> = (0..1000).map(|n| json!({"sku": format!("NO-{n}"), "quantity": 1})).collect();
    let answer = service.order(&order_with("/lines", json!(lines)), &[]).await;
    assert_eq!(answer.mistakes().len(), 100);
    assert!(answer.body["detail"].as_str().unwrap().contains("1000 fields"));
}

#[tokio::test]
async fn a_bad_idempotency_key_is_refused() {
    let Some(service) = Fixture::start().await else { return };
    let answer = service.order(&order(), &[("idempotency-key", "\"open")]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "idempotency_key_invalid"));
}

#[tokio::test]
async fn every_problem_type_is_served_and_in_the_readme() {
    let Some(service) = Fixture::start().await else { return };
    let readme = include_str!("../../README.md");
    for kind in kind::ALL.iter().chain(problem_kind::ALL) {
        let answer = service.send(Method::GET, &kind.uri(), &[], "").await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (200, &json!(kind.status().as_u16())));
        let row = format!("| `{}` | {} |", kind.code(), kind.status().as_u16());
        assert!(readme.contains(&row), "README lacks: {row}");
    }
}

#[tokio::test]
async fn the_index_and_the_catalogue_are_public() {
    let Some(service) = Fixture::start().await else { return };
    let index = service.send(Method::GET, "/", &[], "").await;
    assert_eq!((index.status.as_u16(), &index.body["service"]), (200, &json!("order-intake")));
    let catalogue = service.send(Method::GET, "/catalogue", &[], "").await;
    assert_eq!(catalogue.body["products"][0]["prices"]["EUR"], json!(1290));
    assert!(
        catalogue.body["products"][0].get("stock").is_none(),
        "what is on the shelf is inventory's to say"
    );
}
