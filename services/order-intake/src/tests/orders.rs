//! `POST /orders`, answered 202.

use orderflow::{envelope::ids, sealed::open};
use redis::AsyncCommands;
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Fixture, bearer, order, order_with};
use crate::request::{PlaceOrder, request_hash};

#[tokio::test]
async fn an_accepted_order_is_on_the_log_when_the_answer_comes() {
    let Some(service) = Fixture::start().await else { return };
    let answer = service.order(&order(), &[("x-correlation-id", "cart-7")]).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let order_id = answer.body["order_id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/orders/{order_id}"));
    assert_eq!(answer.header("x-correlation-id"), "cart-7");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        (&answer.body["status"], &answer.body["total"], &answer.body["currency"]),
        (&json!("accepted"), &json!(2 * 1290 + 1690), &json!("EUR"))
    );
    let sent = service.log.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].topic.as_str(), sent[0].key.as_str()), ("orders", order_id));
    assert_eq!((sent[0].id, sent[0].correlation_id.as_str()), (ids::of_root(order_id, "placed"), "cart-7"));
}

#[tokio::test]
async fn nothing_personal_is_in_the_clear() {
    let Some(service) = Fixture::start().await else { return };
    service.order(&order(), &[]).await;
    let event = service.log.orders().remove(0);
    let mut order = (*event.order).clone();
    let person = open(&service.key, order.order_id, &order.sealed).unwrap();
    assert_eq!((person.name.as_str(), person.address.city.as_str()), ("Ada Lovelace", "Berlin"));
    order.sealed.ciphertext.clear();
    let text = serde_json::to_string(&order).unwrap();
    for personal in ["Ada", "ada@", "Linden", "10117", "device-1", "203.0.113"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
    assert_eq!(order.customer_id, "cust-42");
    assert_eq!((order.billing_country.as_str(), order.delivery_country.as_str()), ("DE", "DE"));
    assert!(order.ip_hash.is_some() && order.device_hash.is_some() && order.ip_country.is_none());
}

/// A claim keeps the record until it is on the log, and the answer for a day.
#[tokio::test]
async fn nothing_personal_is_in_redis_nor_to_be_guessed_from_a_hash() {
    let Some(service) = Fixture::start().await else { return };
    service.log.set_down(true);
    assert_eq!(service.order(&order(), &[("idempotency-key", "k-1")]).await.status, 503);
    service.log.set_down(false);
    assert_eq!(service.order(&order(), &[("idempotency-key", "k-2")]).await.status, 202);
    let request: PlaceOrder = serde_json::from_value(order()).unwrap();
    let guess = request_hash(&request);
    let mut redis = service.state.redis();
    let keys: Vec<String> = redis.keys(service.state.key("idem:*")).await.unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let kept: Vec<Vec<u8>> = redis.hvals(&key).await.unwrap();
        for kept in kept.iter().map(|kept| String::from_utf8_lossy(kept)) {
            for personal in ["Ada", "ada@", "Linden", "10117", "device-1", "203.0.113", &guess] {
                assert!(!kept.contains(personal), "{personal} in {kept}");
            }
        }
    }
    assert!(service.log.orders().iter().all(|event| event.request_hash != guess));
}

#[tokio::test]
async fn a_guest_keeps_a_pseudonym() {
    let Some(service) = Fixture::start().await else { return };
    for email in ["grete@example.at", "Grete@example.at", "hans@example.at"] {
        let guest = json!({"name": "Somebody", "email": email});
        assert_eq!(service.order(&order_with("/customer", guest), &[]).await.status, 202);
    }
    let ids: Vec<_> = service.log.orders().iter().map(|event| event.order.customer_id.clone()).collect();
    assert!(ids[0].starts_with("guest-") && ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[tokio::test]
async fn the_same_key_and_body_is_one_order() {
    let Some(service) = Fixture::start().await else { return };
    let first = service.order(&order(), &[("idempotency-key", "k-1")]).await;
    let again = service.order(&order(), &[("idempotency-key", "\"k-1\"")]).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(service.log.sent().len(), 1);
}

#[tokio::test]
async fn without_a_key_each_request_is_an_order() {
    let Some(service) = Fixture::start().await else { return };
    let (first, second) = (service.order(&order(), &[]).await, service.order(&order(), &[]).await);
    assert_ne!(first.body["order_id"], second.body["order_id"]);
    let id: Uuid = first.body["order_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
}

#[tokio::test]
async fn another_body_under_a_key_is_refused_for_a_known_caller() {
    let Some(service) = Fixture::start().await else { return };
    let token = bearer(&service.clock, "shop-1");
    let caller = [("idempotency-key", "k"), ("authorization", token.as_str())];
    assert_eq!(service.order(&order(), &caller).await.status, 202);
    let other = service.order(&order_with("/priority", json!("express")), &caller).await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency_key_reused"));
    let stranger = bearer(&service.clock, "shop-2");
    let caller = [("idempotency-key", "k"), ("authorization", stranger.as_str())];
    assert_eq!(service.order(&order(), &caller).await.status, 202);
    let principals: Vec<_> = service.log.orders().into_iter().map(|event| event.principal).collect();
    assert_eq!(principals, ["shop-1", "shop-2"]);
}

#[tokio::test]
async fn another_body_under_a_key_is_another_order_for_an_anonymous_caller() {
    let Some(service) = Fixture::start().await else { return };
    let key = [("idempotency-key", "k")];
    let first = service.order(&order(), &key).await;
    let other = service.order(&order_with("/priority", json!("express")), &key).await;
    assert_eq!((first.status.as_u16(), other.status.as_u16()), (202, 202));
    assert_ne!(first.body["order_id"], other.body["order_id"]);
}

#[tokio::test]
async fn two_requests_at_once_under_one_key_are_one_order() {
    let Some(service) = Fixture::start().await else { return };
    let (order, key) = (order(), [("idempotency-key", "k")]);
    let (one, other) = tokio::join!(service.order(&order, &key), service.order(&order, &key));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [202, 409] || statuses == [202, 202], "{statuses:?}");
    if statuses == [202, 409] {
        let refused = if one.status == 409 { &one } else { &other };
        assert_eq!(refused.code(), "idempotency_in_progress");
        assert_eq!(refused.header("retry-after"), "10");
    }
    assert_eq!(service.log.sent().len(), 1);
}

#[tokio::test]
async fn the_trace_goes_on() {
    let Some(service) = Fixture::start().await else { return };
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = service.order(&order(), &[("traceparent", parent), ("tracestate", "shop=1")]).await;
    let sent = service.log.sent().remove(0);
    assert_eq!(sent.trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(sent.trace.state.as_deref(), Some("shop=1"));
    assert_eq!(answer.header("traceparent"), sent.trace.to_string());
    assert_ne!(answer.header("traceparent"), parent);
}

#[tokio::test]
async fn an_odd_correlation_id_is_replaced() {
    let Some(service) = Fixture::start().await else { return };
    for odd in ["", "a b", &"x".repeat(129)] {
        let answer = service.order(&order(), &[("x-correlation-id", odd)]).await;
        let id: Uuid = answer.header("x-correlation-id").parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
    }
    let answer = service.order(&order(), &[("x-request-id", "r-1")]).await;
    assert_eq!(answer.header("x-correlation-id"), "r-1");
}
