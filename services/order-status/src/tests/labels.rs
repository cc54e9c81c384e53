//! What is learned about an order goes onto the log with whom and what the order names.

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::{FraudLabelled, Order, Record},
};
use orderflow_testkit::RedisServer;
use redis::AsyncCommands;
use serde_json::{Value, json};

use super::{
    events::{SECRETS, event, order},
    fixture::{FAR, Fixture, id, record, staff_bearer},
};
use crate::parties;

fn fraud(by: &str) -> Value {
    json!({ "fraud": true, "source": "chargeback", "labelled_by": by, "reason": " the bank took it back " })
}

fn path(n: u128) -> String {
    format!("/orders/{}/label", id(n))
}

#[tokio::test]
async fn a_label_carries_whom_and_what_the_order_names() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "ShippingLabelGenerated"]).await;
    let answer = service.post(&path(1), &fraud("ada")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (202, format!("/orders/{}", id(1)).as_str())
    );
    let sent = service.log.sent();
    assert_eq!(
        (sent.len(), &sent[0]["envelope"]["id"], FraudLabelled::TOPIC.name()),
        (1, &answer.body["event_id"], "fraud.labels")
    );
    let event: FraudLabelled = record(&sent[0]);
    let order = order(1);
    assert_eq!((&event.customer_id, &event.card_hash), (&order.customer_id, &order.card_hash));
    assert_eq!((&event.device_hash, &event.address_hash), (&order.device_hash, &order.address_hash));
    assert_eq!(
        (event.fraud, event.source.as_str(), event.reason.as_str()),
        (true, "chargeback", "the bank took it back")
    );
    let shown = service.get(&format!("/orders/{}", id(1))).await;
    assert!(!shown.body.to_string().contains(SECRETS[3]), "a customer sees nothing of it");
}

#[tokio::test]
async fn whoever_changes_their_mind_twice_has_said_three_things() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    let mut honest = fraud("ada");
    honest["fraud"] = json!(false);
    for body in [fraud("ada"), honest, fraud("ada")] {
        assert_eq!(service.post(&path(1), &body).await.status, 202);
    }
    let said: Vec<FraudLabelled> = service.log.sent().iter().map(record).collect();
    assert_eq!(said.iter().map(|label| label.fraud).collect::<Vec<_>>(), [true, false, true]);
    assert!(said.is_sorted_by(|before, after| before.labelled_at < after.labelled_at));
    let ids: std::collections::BTreeSet<String> =
        service.log.sent().iter().map(|sent| sent["envelope"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn an_unknown_order_and_a_stranger_label_nothing() {
    let Some(service) = Fixture::start().await else { return };
    assert_eq!(service.post(&path(1), &fraud("ada")).await.problem(), (404, "unknown_order"));
    assert_eq!(service.post("/orders/none/label", &fraud("ada")).await.problem(), (404, "unknown_order"));
    service.fold_all(1, &["OrderPlaced"]).await;
    let json = ("content-type", "application/json");
    let body = fraud("somebody else").to_string();
    let stranger = service.send(Method::POST, &path(1), &[json, ("test-peer", FAR)], body.clone()).await;
    assert_eq!(stranger.problem(), (403, "staff_only"));
    assert!(service.log.sent().is_empty());
    let token = staff_bearer(&service.clock, "ada");
    let staff = [json, ("test-peer", FAR), ("authorization", token.as_str())];
    assert_eq!(service.send(Method::POST, &path(1), &staff, body).await.status, 202);
    assert_eq!(record::<FraudLabelled>(&service.log.sent()[0]).labelled_by, "ada");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_label_is_named_and_an_answer_that_failed_is_asked_again() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    let wrong = json!({ "fraud": true, "source": "gossip", "reason": " " });
    let wrong = service.post(&path(1), &wrong).await;
    assert_eq!(wrong.problem(), (422, "invalid_fields"));
    assert_eq!(
        wrong.mistakes(),
        [("/source", "unknown"), ("/labelled_by", "missing"), ("/reason", "missing")]
    );
    assert_eq!(service.post(&path(1), &json!({ "fraud": "yes" })).await.problem(), (422, "unexpected_json"));
    service.log.set_down(true);
    assert_eq!(service.post(&path(1), &fraud("ada")).await.problem(), (503, "unavailable"));
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn a_label_of_the_past_sent_twice_is_one_event_and_one_of_the_future_is_refused() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    let at = |hours: i64| {
        let mut body = fraud("ada");
        let then = (service.clock.now() + SignedDuration::from_hours(hours)).as_microsecond();
        body["labelled_at"] = json!(Timestamp::from_microsecond(then).unwrap());
        body
    };
    let past = at(-48);
    let (first, again) = (service.post(&path(1), &past).await, service.post(&path(1), &past).await);
    assert_eq!((first.status.as_u16(), &first.body), (202, &again.body));
    let sent = service.log.sent();
    assert_eq!(sent[0]["envelope"]["id"], sent[1]["envelope"]["id"]);
    let [one, other]: [FraudLabelled; 2] = [record(&sent[0]), record(&sent[1])];
    assert_eq!(
        (one.labelled_at.to_string(), &one),
        (past["labelled_at"].as_str().unwrap().to_owned(), &other)
    );

    let refused = service.post(&path(1), &at(1)).await;
    assert_eq!(refused.problem(), (422, "invalid_fields"));
    assert_eq!(refused.mistakes(), [("/labelled_at", "in_the_future")]);
    let mut no_time = fraud("ada");
    no_time["labelled_at"] = json!("yesterday");
    assert_eq!(service.post(&path(1), &no_time).await.problem(), (422, "unexpected_json"));
    assert_eq!(service.log.sent().len(), 2);
}

#[tokio::test]
async fn an_order_without_its_placement_is_answered_with_503() {
    let Some(service) = Fixture::start().await else { return };
    service.fold([event(&order(1), "ShippingLabelGenerated")]).await;
    assert_eq!(service.post(&path(1), &fraud("ada")).await.problem(), (503, "unavailable"));
}

#[tokio::test]
async fn whom_an_order_names_is_kept_for_180_days() {
    let Some(server) = RedisServer::start() else { return };
    let (state, now) = (server.state("test:order-status:").await, Clock::system().now());
    let of = |n, days: i64| Order {
        placed_at: now - SignedDuration::from_hours(24 * days),
        ..(*order(n)).clone()
    };
    let orders = [of(1, 0), of(2, 179), of(3, 180)];
    parties::take_note(&state, now, &orders.each_ref()).await.unwrap();
    for (order, days) in orders.iter().zip([180, 1]) {
        let left: i64 = state.redis().ttl(state.key(&format!("parties:{}", order.order_id))).await.unwrap();
        assert!((days * 86_400 - 60..=days * 86_400).contains(&left), "{left}");
        let kept = parties::of(&state, order.order_id).await.unwrap().unwrap();
        assert_eq!((kept.customer_id, kept.card_hash), (order.customer_id.clone(), order.card_hash.clone()));
    }
    assert_eq!(parties::of(&state, orders[2].order_id).await.unwrap(), None);
}
