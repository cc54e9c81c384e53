//! `POST /activity`.

use axum::http::Method;
use orderflow::events::{CartLine, CartUpdated};
use rstest::rstest;
use serde_json::{Value, json};

use super::fixture::{Answer, Fixture, Knobs};
use crate::{
    activity_request::{MAX_ACTIVITIES, MAX_CART},
    outbox::Activity,
};

fn report() -> Value {
    json!({"activities": [
        {"type": "product_viewed", "customer_id": "cust-42", "sku": "KIT-MUG-350"},
        {"type": "cart_updated", "customer_id": "cust-42", "lines": [
            {"sku": "KIT-MUG-350", "quantity": 2}, {"sku": "BOO-NOTE-A5", "quantity": 1}
        ]},
    ]})
}

async fn post(service: &Fixture, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("x-correlation-id", "visit-7")];
    service.send(Method::POST, "/activity", &headers, body.to_string()).await
}

#[tokio::test]
async fn a_report_is_on_the_log_under_its_customer_when_it_is_answered() {
    let Some(service) = Fixture::start().await else { return };
    let before = service.clock.now();
    let answer = post(&service, &report()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"status": "accepted", "accepted": 2}));
    let sent = service.log.sent();
    assert_eq!(sent.len(), 2);
    for record in &sent {
        let told = (record.topic.as_str(), record.key.as_str(), record.correlation_id.as_str());
        assert_eq!(told, ("activity", "cust-42", "visit-7"));
    }
    assert_ne!(sent[0].id, sent[1].id);
    let told = service.log.activities();
    let [Activity::Viewed(view), Activity::Cart(cart)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((view.customer_id.as_str(), view.sku.as_str()), ("cust-42", "KIT-MUG-350"));
    assert!(view.viewed_at >= before && view.viewed_at <= service.clock.now());
    let line = |sku: &str, quantity| CartLine { sku: sku.to_owned(), quantity };
    let lines = vec![line("KIT-MUG-350", 2), line("BOO-NOTE-A5", 1)];
    let customer_id = "cust-42".to_owned();
    assert_eq!(*cart, CartUpdated { customer_id, lines, updated_at: view.viewed_at });
}

#[tokio::test]
async fn an_emptied_cart_is_news_too() {
    let Some(service) = Fixture::start().await else { return };
    let body = json!({"activities": [{"type": "cart_updated", "customer_id": "ada", "lines": []}]});
    assert_eq!(post(&service, &body).await.status, 202);
    let told = service.log.activities();
    assert!(matches!(&told[..], [Activity::Cart(cart)] if cart.lines.is_empty()), "{told:?}");
}

#[tokio::test]
async fn a_report_that_is_not_durable_is_not_accepted() {
    let Some(service) = Fixture::start().await else { return };
    service.log.set_down(true);
    let answer = post(&service, &report()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "unavailable"));
}

#[tokio::test]
async fn reports_count_into_a_caller_s_rate() {
    let knobs = Knobs { per_second: 1, burst: 1, ..Knobs::default() };
    let Some(service) = Fixture::with(knobs).await else { return };
    assert_eq!(post(&service, &report()).await.status, 202);
    let answer = post(&service, &report()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "rate_limited"));
}

#[rstest]
#[case::what("/activities/0/type", json!("stolen"), "/activities/0/type", "unknown")]
#[case::customer("/activities/1/customer_id", json!("no spaces"), "/activities/1/customer_id", "malformed")]
#[case::guest("/activities/0/customer_id", json!("guest-1"), "/activities/0/customer_id", "reserved")]
#[case::sku("/activities/0/sku", json!("NOTHING"), "/activities/0/sku", "unknown")]
#[case::no_sku("/activities/0/sku", json!(null), "/activities/0/sku", "missing")]
#[case::no_lines("/activities/1/lines", json!(null), "/activities/1/lines", "missing")]
#[case::sku_in_cart("/activities/1/lines/1/sku", json!("NOTHING"), "/activities/1/lines/1/sku", "unknown")]
#[case::twice("/activities/1/lines/1/sku", json!("KIT-MUG-350"), "/activities/1/lines/1/sku", "duplicate")]
#[case::none("/activities/1/lines/0/quantity", json!(0), "/activities/1/lines/0/quantity", "out_of_range")]
#[case::too_many("/activities/1/lines/0/quantity", json!(10_001), "/activities/1/lines/0/quantity", "out_of_range")]
#[case::nothing("/activities", json!([]), "/activities", "empty")]
#[tokio::test]
async fn a_mistake_is_told_at_its_field_and_nothing_is_taken(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] field: &str,
    #[case] code: &str,
) {
    let Some(service) = Fixture::start().await else { return };
    let mut body = report();
    *body.pointer_mut(pointer).unwrap() = value;
    let answer = post(&service, &body).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, "invalid_fields"), "{answer:?}");
    assert_eq!(answer.mistakes(), [(field.to_owned(), code.to_owned())]);
    assert!(service.log.sent().is_empty());
}

#[rstest]
#[case::of_both_kinds("/activities/0/lines", json!([]), "/activities/0/lines")]
#[case::a_cart_with_a_sku("/activities/1/sku", json!("KIT-MUG-350"), "/activities/1/sku")]
#[tokio::test]
async fn a_field_of_the_other_kind_is_refused(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] field: &str,
) {
    let Some(service) = Fixture::start().await else { return };
    let mut body = report();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    let answer = post(&service, &body).await;
    assert_eq!(answer.mistakes(), [(field.to_owned(), "unknown_field".to_owned())], "{answer:?}");
}

#[tokio::test]
async fn reports_and_carts_have_limits() {
    let Some(service) = Fixture::start().await else { return };
    let view = report()["activities"][0].clone();
    let line = json!({"sku": "KIT-MUG-350", "quantity": 1});
    let cart = |lines: usize| json!({"type": "cart_updated", "customer_id": "ada", "lines": vec![line.clone(); lines]});
    let cases = [
        (json!({"activities": vec![view.clone(); MAX_ACTIVITIES]}), 202, None),
        (json!({"activities": vec![view; MAX_ACTIVITIES + 1]}), 422, Some("/activities")),
        (json!({"activities": [cart(MAX_CART + 1)]}), 422, Some("/activities/0/lines")),
    ];
    for (body, status, field) in cases {
        let answer = post(&service, &body).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.mistakes().first().map(|(field, _)| field.as_str()), field);
    }
}
