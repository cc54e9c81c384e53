//! The route that takes the gateway's callbacks in, with a log in memory. The simulator's signatures stand for Stripe's.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use jiff::SignedDuration;
use orderflow::{clock::Clock, events::GatewayAnswered, fault::Fault, runtime::Root};
use payment::{
    signature::Secrets,
    webhook::{Outbox, Webhook},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use simulators::gateway::callbacks::signature;
use tower::ServiceExt;
use uuid::Uuid;

const SECRET: &str = "whsec_test";

/// A log in memory.
#[derive(Clone, Default)]
struct Log {
    events: Arc<Mutex<Vec<(GatewayAnswered, Uuid)>>>,
    is_down: Arc<AtomicBool>,
}

#[async_trait]
impl Outbox for Log {
    async fn send(&self, event: &GatewayAnswered, root: Root) -> Result<(), Fault> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(Fault::transient("kafka_unavailable", "down"));
        }
        self.events.lock().unwrap().push((event.clone(), root.id));
        Ok(())
    }
}

fn route() -> (Router, Log, Clock) {
    let (log, clock) = (Log::default(), Clock::system());
    let secrets = Secrets::new(&[SecretString::from("whsec_old"), SecretString::from(SECRET)]);
    (Webhook::new(secrets, log.clone(), clock.clone()).routes(), log, clock)
}

fn callback(kind: &str, order: Uuid) -> String {
    let intent = json!({ "id": "pi_1", "object": "payment_intent", "metadata": { "order_id": order } });
    json!({ "id": "evt_1", "type": kind, "created": 1_764_590_460, "data": { "object": intent } }).to_string()
}

/// Sends it with this header; the status and the answer.
async fn send(route: &Router, body: String, signature: &str) -> (u16, Value) {
    let request = Request::post("/webhooks/stripe")
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", signature)
        .body(Body::from(body))
        .unwrap();
    let response = route.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_signed_callback_goes_onto_the_log_each_time_as_an_event_of_its_own() {
    let (route, log, clock) = route();
    let order = Uuid::from_u128(7);
    let body = callback("payment_intent.succeeded", order);
    for secret in [SECRET, "whsec_old"] {
        let signed = signature(secret, clock.now().as_second(), &body);
        let (status, answer) = send(&route, body.clone(), &signed).await;
        assert_eq!((status, answer), (200, json!({ "received": true, "heard": true })));
    }
    let events = log.events.lock().unwrap().clone();
    let [(first, one), (second, other)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((first, first.order_id, first.callback_id.as_str()), (second, order, "evt_1"));
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_callback_that_was_forged_or_is_old_is_refused() {
    let (route, log, clock) = route();
    let body = callback("payment_intent.succeeded", Uuid::nil());
    let now = clock.now().as_second();
    let signed = signature(SECRET, now, &body);
    let cases = [
        (body.clone(), signature("whsec_other", now, &body), "bad_signature"),
        (body.replace("pi_1", "pi_2"), signed.clone(), "bad_signature"),
        (body.clone(), String::new(), "bad_signature"),
        (body.clone(), signature(SECRET, now - 301, &body), "old_signature"),
    ];
    for (body, header, code) in cases {
        let (status, answer) = send(&route, body, &header).await;
        assert_eq!((status, &answer["code"]), (400, &json!(code)));
        assert!(!answer.to_string().contains("whsec_"), "{answer}");
    }
    clock.set_offset(SignedDuration::from_secs(301));
    let (status, answer) = send(&route, body, &signed).await;
    assert_eq!((status, &answer["code"]), (400, &json!("old_signature")), "what was overheard before");
    assert!(log.events.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_about_an_orders_payment_is_taken_in_and_forgotten() {
    let (route, log, clock) = route();
    for body in [
        callback("customer.created", Uuid::nil()),
        callback("payment_intent.created", Uuid::nil()),
        callback("payment_intent.succeeded", Uuid::nil()).replace("order_id", "invoice"),
    ] {
        let signed = signature(SECRET, clock.now().as_second(), &body);
        let (status, answer) = send(&route, body, &signed).await;
        assert_eq!((status, answer), (200, json!({ "received": true, "heard": false })));
    }
    assert!(log.events.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_not_taken_in() {
    let (route, log, clock) = route();
    log.is_down.store(true, Ordering::Relaxed);
    let body = callback("payment_intent.succeeded", Uuid::nil());
    let signed = signature(SECRET, clock.now().as_second(), &body);
    let (status, answer) = send(&route, body, &signed).await;
    assert_eq!((status, &answer["code"]), (503, &json!("unavailable")));
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_callback_is_refused() {
    let (route, _, clock) = route();
    for (body, expected) in [("x".repeat(300_000), 413), ("{}".to_owned(), 422), ("{".to_owned(), 400)] {
        let signed = signature(SECRET, clock.now().as_second(), &body);
        assert_eq!(send(&route, body, &signed).await.0, expected);
    }
}
