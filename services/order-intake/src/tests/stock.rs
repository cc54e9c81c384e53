//! `POST /stock/adjustments`.

use axum::http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::fixture::{Answer, Fixture, Knobs};

pub const LOCAL: (&str, &str) = ("test-peer", "127.0.0.1:5000");

pub fn receipt() -> Value {
    json!({"sku": "KIT-MUG-350", "delta": 10, "kind": "receipt", "reason": "delivery 17"})
}

pub async fn adjust(service: &Fixture, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    service.send(Method::POST, "/stock/adjustments", &all, body.to_string()).await
}

#[tokio::test]
async fn a_repeat_counts_once() {
    let Some(service) = Fixture::start().await else { return };
    let key = [("idempotency-key", "d-17"), LOCAL];
    let (first, again) = (adjust(&service, &receipt(), &key).await, adjust(&service, &receipt(), &key).await);
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202), "{first:?}");
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let sent = service.log.sent();
    assert_eq!(
        (sent.len(), sent[0].topic.as_str(), sent[0].key.as_str()),
        (1, "inventory.stock", "KIT-MUG-350")
    );
    assert_eq!(first.body["event_id"], json!(sent[0].id));
    let more = json!({"sku": "KIT-MUG-350", "delta": 11, "kind": "receipt", "reason": "delivery 17"});
    let other = adjust(&service, &more, &key).await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_key_is_required() {
    let Some(service) = Fixture::start().await else { return };
    let answer = adjust(&service, &receipt(), &[LOCAL]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "idempotency_key_missing"));
}

#[rstest]
#[case::from_elsewhere(None, &[], 403)]
#[case::from_this_machine(None, &[LOCAL], 202)]
#[case::through_a_proxy_here(None, &[LOCAL, ("x-forwarded-for", "203.0.113.1")], 403)]
#[case::with_the_token(Some("s3cret"), &[("authorization", "Bearer s3cret")], 202)]
#[case::with_a_guess(Some("s3cret"), &[("authorization", "Bearer secret")], 403)]
#[case::local_without_the_token(Some("s3cret"), &[LOCAL], 403)]
#[tokio::test]
async fn only_operators_adjust_stock(
    #[case] operator_token: Option<&'static str>,
    #[case] headers: &[(&str, &str)],
    #[case] status: u16,
) {
    let Some(service) = Fixture::with(Knobs { operator_token, ..Knobs::default() }).await else { return };
    let mut all = vec![("idempotency-key", "k")];
    all.extend_from_slice(headers);
    assert_eq!(adjust(&service, &receipt(), &all).await.status, status);
}

#[rstest]
#[case::sku("/sku", json!("NOTHING"), "/sku")]
#[case::zero("/delta", json!(0), "/delta")]
#[case::huge("/delta", json!(1_000_001), "/delta")]
#[case::a_receipt_takes_nothing("/delta", json!(-1), "/delta")]
#[case::kind("/kind", json!("theft"), "/kind")]
#[case::reason("/reason", json!(" "), "/reason")]
#[tokio::test]
async fn a_bad_adjustment_names_its_field(#[case] pointer: &str, #[case] value: Value, #[case] field: &str) {
    let Some(service) = Fixture::start().await else { return };
    let mut body = receipt();
    *body.pointer_mut(pointer).unwrap() = value;
    let answer = adjust(&service, &body, &[("idempotency-key", "k"), LOCAL]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.mistakes().len(), 1, "{answer:?}");
    assert_eq!(answer.mistakes()[0].0, field);
}
