//! Asking to cancel.

use axum::http::Method;
use orderflow::{envelope::ids, events::OrderCancelRequested};
use serde_json::json;

use super::{
    events::{event, order},
    fixture::{FAR, Fixture, bearer, id, record, staff_bearer},
};

#[tokio::test]
async fn an_accepted_cancel_is_one_record_however_often_it_is_asked_for() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    let path = format!("/orders/{}/cancel", id(1));
    let first = service.post(&path, &json!({ "reason": "changed my mind" })).await;
    assert_eq!(
        (first.status.as_u16(), first.header("location")),
        (202, format!("/orders/{}", id(1)).as_str())
    );

    // Before the request has come back from the log the very same record is sent, whatever the repeat says.
    service.clock.set_offset(jiff::SignedDuration::from_secs(5));
    let again = service.post(&path, &json!({ "reason": "other words" })).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
    let sent = service.log.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[0]["envelope"]["id"], json!(ids::of_root(&id(1), "cancel")));
    assert_eq!((&sent[0]["topic"], &sent[0]["key"]), (&json!("orders"), &json!(id(1))));
    let event: OrderCancelRequested = record(&sent[0]);
    assert_eq!((event.reason.as_str(), event.requested_by.as_str()), ("changed my mind", "operator"));

    // Afterwards nothing needs to be sent.
    service.fold([event.into()]).await;
    assert_eq!(service.post(&path, &json!({})).await.status, 202);
    assert_eq!(service.log.sent().len(), 2);
}

#[tokio::test]
async fn a_finished_order_is_409_with_its_state_unless_this_cancel_has_finished_it() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "ShippingLabelGenerated"]).await;
    let path = format!("/orders/{}/cancel", id(1));
    let refused = service.post(&path, &json!({})).await;
    assert_eq!((refused.problem(), &refused.body["state"]), ((409, "order_finished"), &json!("Fulfilled")));
    service.fold_all(1, &["OrderCancelRequested", "OrderCancelRejected"]).await;
    assert_eq!(service.post(&path, &json!({})).await.problem(), (409, "order_finished"), "it came too late");

    service.fold_all(2, &["OrderPlaced", "OrderCancelRequested", "PaymentFailed+cancelled"]).await;
    assert_eq!(service.post(&format!("/orders/{}/cancel", id(2)), &json!({})).await.status, 202);
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn a_cancel_that_is_not_durable_is_not_accepted() {
    let Some(service) = Fixture::start().await else { return };
    service.fold([event(&order(1), "OrderPlaced")]).await;
    let path = format!("/orders/{}/cancel", id(1));
    service.log.set_down(true);
    assert_eq!(service.post(&path, &json!({})).await.problem(), (503, "unavailable"));
    service.log.set_down(false);
    assert_eq!(service.post(&path, &json!({})).await.status, 202);
    assert_eq!(service.log.sent().len(), 1);
}

#[tokio::test]
async fn an_unknown_order_and_a_wrong_body_are_told() {
    let Some(service) = Fixture::start().await else { return };
    let path = format!("/orders/{}/cancel", id(1));
    assert_eq!(service.post(&path, &json!({})).await.problem(), (404, "unknown_order"));
    service.fold_all(1, &["OrderPlaced"]).await;
    let long = service.post(&path, &json!({ "reason": "x".repeat(501) })).await;
    assert_eq!((long.problem(), long.mistakes()), ((422, "invalid_fields"), vec![("/reason", "malformed")]));
    let unknown = service.post(&path, &json!({ "because": "x" })).await;
    assert_eq!((unknown.problem().1, unknown.mistakes()[0].1), ("unexpected_json", "unknown_field"));
    assert_eq!(service.send(Method::POST, &path, &[], "{}").await.problem(), (415, "unsupported_media_type"));
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn the_log_says_who_has_asked() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    service.fold_all(2, &["OrderPlaced"]).await;
    service.fold_all(3, &["OrderPlaced"]).await;
    let customer = bearer(&service.clock, "cust-42", &json!("profile"));
    let staff = staff_bearer(&service.clock, "ada");
    for (n, authorization) in [(1, Some(&customer)), (2, None), (3, Some(&staff))] {
        let mut headers = vec![("content-type", "application/json"), ("test-peer", FAR)];
        headers.extend(authorization.map(|token| ("authorization", token.as_str())));
        let path = format!("/orders/{}/cancel", id(n));
        assert_eq!(service.send(Method::POST, &path, &headers, "{}").await.status, 202);
    }
    let by: Vec<String> =
        service.log.sent().iter().map(|sent| record::<OrderCancelRequested>(sent).requested_by).collect();
    assert_eq!(by, ["cust-42", "anonymous", "ada"]);
}
