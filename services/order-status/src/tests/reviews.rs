//! Orders held for review, and decisions about them.

use axum::http::Method;
use orderflow::{
    envelope::ids,
    events::{Record, ReviewDecided},
};
use serde_json::{Value, json};

use super::fixture::{FAR, Fixture, bearer, id, record, staff_bearer};

const HELD: [&str; 2] = ["OrderPlaced", "OrderHeldForReview"];

fn approve(reviewer: &str) -> Value {
    json!({ "decision": "approve", "reviewer": reviewer, "reason": "called the customer" })
}

async fn queue(service: &Fixture) -> Vec<Value> {
    service.get("/reviews").await.body["reviews"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_queue_has_what_waits_by_deadline_with_why_and_how_urgent() {
    let Some(service) = Fixture::start().await else { return };
    for n in [3, 1, 2] {
        service.fold_all(n, &HELD).await;
    }
    service.fold_all(2, &["ReviewEscalated"]).await;
    service.fold_all(3, &["OrderValidatedForFraud"]).await;
    let queue = queue(&service).await;
    let ids: Vec<&Value> = queue.iter().map(|review| &review["order_id"]).collect();
    assert_eq!(ids, [&json!(id(1)), &json!(id(2))], "the order that was judged waits no more");
    assert_eq!((&queue[0]["escalated"], &queue[1]["escalated"]), (&json!(false), &json!(true)));
    assert_eq!((&queue[0]["score"], &queue[0]["reasons"][0]["code"]), (&json!(0.5), &json!("new_account")));
    assert_eq!(queue[0]["total"], 2580);
    let page = service.get("/reviews?limit=1").await;
    assert_eq!(page.body["next"], "1");
    let page = service.get("/reviews?limit=1&cursor=1").await;
    assert_eq!(page.body["reviews"][0]["order_id"], id(2));
}

#[tokio::test]
async fn a_decision_goes_on_the_log_once_however_often_it_is_sent() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &HELD).await;
    let path = format!("/reviews/{}", id(1));
    let first = service.post(&path, &approve("ada")).await;
    assert_eq!(
        (first.status.as_u16(), first.header("location")),
        (202, format!("/orders/{}", id(1)).as_str())
    );
    let again = service.post(&path, &approve("ada")).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
    let sent = service.log.sent();
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
    assert_eq!(sent[0]["envelope"]["id"], json!(ids::from_parts(&[&id(1), "ada", "approve"])));
    let event: ReviewDecided = record(&sent[0]);
    assert_eq!((event.reason.as_str(), ReviewDecided::TOPIC.name()), ("called the customer", "reviews"));

    service.fold([event.into()]).await;
    assert_eq!(service.post(&path, &approve("ada")).await.status, 202);
    assert_eq!(service.log.sent().len(), 2, "it is on the log already");
    assert_eq!(queue(&service).await[0]["decision"]["reviewer"], "ada", "not taken yet, but on its way");
}

#[tokio::test]
async fn a_second_decision_is_409_with_the_first() {
    let Some(service) = Fixture::start().await else { return };
    let decide = async |n, body: &Value| service.post(&format!("/reviews/{}", id(n)), body).await;
    service.fold_all(1, &HELD).await;
    service.fold_all(1, &["ReviewDecided+bob", "ReviewDecided+ada"]).await;
    let second = decide(1, &approve("carl")).await;
    assert_eq!(second.problem(), (409, "already_decided"));
    assert_eq!(second.body["decision"]["reviewer"], "ada", "the first on the log");

    service.fold_all(2, &[HELD[0], HELD[1], "OrderFraudDetected"]).await;
    let late = decide(2, &approve("ada")).await;
    assert_eq!(
        (late.problem(), &late.body["decision"]["decision"]),
        ((409, "already_decided"), &json!("reject"))
    );
    assert_eq!(late.body["decision"]["reviewer"], Value::Null, "policy has decided");

    service.fold_all(3, &[HELD[0], HELD[1], "OrderReviewCancelled"]).await;
    assert_eq!(decide(3, &approve("ada")).await.body["decision"]["decision"], "cancelled");

    service.fold_all(4, &[HELD[0], HELD[1], "OrderValidatedForFraud+ada"]).await;
    assert_eq!(decide(4, &approve("ada")).await.status, 202, "it is this very decision");
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn only_a_held_order_is_decided_about() {
    let Some(service) = Fixture::start().await else { return };
    let path = format!("/reviews/{}", id(1));
    assert_eq!(service.post(&path, &approve("ada")).await.problem(), (404, "unknown_order"));
    service.fold_all(1, &["OrderPlaced", "OrderValidatedForFraud"]).await;
    let refused = service.post(&path, &approve("ada")).await;
    assert_eq!((refused.problem(), &refused.body["step"]), ((409, "not_under_review"), &json!("validated")));
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_named() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &HELD).await;
    let path = format!("/reviews/{}", id(1));
    let wrong =
        service.post(&path, &json!({ "decision": "maybe", "reviewer": "a\u{7}", "reason": " " })).await;
    assert_eq!(wrong.problem(), (422, "invalid_fields"));
    assert_eq!(
        wrong.mistakes(),
        [("/decision", "unknown"), ("/reviewer", "malformed"), ("/reason", "missing")]
    );
    let without = service.post(&path, &json!({ "decision": "approve", "reason": "x" })).await;
    assert_eq!(without.mistakes(), [("/reviewer", "missing")]);
}

#[tokio::test]
async fn a_reviewer_with_a_token_is_its_subject_and_neither_a_stranger_nor_a_customer_is_one() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &HELD).await;
    let path = format!("/reviews/{}", id(1));
    let json = ("content-type", "application/json");
    let body = approve("somebody else").to_string();
    let stranger = service.send(Method::POST, &path, &[json, ("test-peer", FAR)], body.clone()).await;
    assert_eq!(stranger.problem(), (403, "staff_only"));
    let customer = bearer(&service.clock, "cust-42", &json!("profile"));
    let customer = [json, ("test-peer", FAR), ("authorization", customer.as_str())];
    let refused = service.send(Method::POST, &path, &customer, body.clone()).await;
    assert_eq!(refused.problem(), (403, "staff_only"));
    assert!(service.log.sent().is_empty());
    let token = staff_bearer(&service.clock, "ada");
    let known = [json, ("test-peer", FAR), ("authorization", token.as_str())];
    assert_eq!(service.send(Method::POST, &path, &known, body).await.status, 202);
    assert_eq!(record::<ReviewDecided>(&service.log.sent()[0]).reviewer, "ada");
}
