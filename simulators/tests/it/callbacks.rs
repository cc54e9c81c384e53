//! What the gateway says by itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use simulators::desk::Desk;
use simulators::gateway::callbacks::{Callbacks, Target, signature};
use simulators::gateway::{self, Gateway};
use simulators::server;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::bench::{charge, desk};

const SECRET: &str = "whsec_test";

/// A gateway, and whoever it calls back.
struct Line {
    router: Router,
    url: String,
    calls: mpsc::UnboundedReceiver<(String, String)>,
    _folder: TempDir,
    _running: JoinSet<()>,
}

impl Line {
    /// A gateway with these faults; its callbacks are answered with these statuses, then with 200.
    async fn with(faults: &Value, refusals: Vec<u16>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new("2025-06-01T12:00:00Z".parse().unwrap()));
        let desk: Arc<Desk<Gateway>> =
            Arc::new(desk(Gateway::default(), folder.path().join("ledger.jsonl"), now, faults));
        let (heard, calls) = mpsc::unbounded_channel();
        let refusals = Arc::new(Mutex::new(refusals));
        let answer = async move |headers: HeaderMap, body: String| {
            heard.send((headers["stripe-signature"].to_str().unwrap().to_owned(), body)).unwrap();
            let refusal = refusals.lock().unwrap().pop();
            StatusCode::from_u16(refusal.unwrap_or(200)).unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let hook = Router::new().route("/hook", post(answer));
        let callbacks =
            Callbacks::new(desk.clone(), Target { url: url.clone(), secret: SECRET.into() }, 1).unwrap();
        let router = server::router(desk, gateway::routes().merge(callbacks.routes()));
        let mut running = JoinSet::from_iter([async move { axum::serve(listener, hook).await.unwrap() }]);
        running.spawn(callbacks.run());
        Self { router, url, calls, _folder: folder, _running: running }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let key = body["metadata"]["order_id"].as_str().unwrap_or(path);
        let request = Request::builder().method(method).uri(path).header("idempotency-key", key);
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
    }

    async fn pay(&self, order: &str, token: &str) -> Value {
        self.send("POST", "/v1/payment_intents", &charge(order, token)).await
    }

    /// The next call: its signature and its body.
    async fn next(&mut self) -> (String, Value, String) {
        let call = tokio::time::timeout(Duration::from_secs(20), self.calls.recv()).await;
        let (signature, body) = call.expect("nobody calls").unwrap();
        (signature, serde_json::from_str(&body).unwrap(), body)
    }
}

#[tokio::test]
async fn each_change_of_an_intent_is_called_back_and_signed() {
    let mut line = Line::with(&json!({}), Vec::new()).await;
    let asked = line.pay("o1", "tok_authenticationRequired").await;
    let id = asked["id"].as_str().unwrap();
    let (_, event, _) = line.next().await;
    assert_eq!(
        (&event["type"], &event["data"]["object"]),
        (&json!("payment_intent.requires_action"), &asked)
    );
    let paid = line.send("POST", &format!("/customer/{id}/confirm"), &json!({})).await;
    let (signed, event, body) = line.next().await;
    assert_eq!((&event["type"], &event["data"]["object"]), (&json!("payment_intent.succeeded"), &paid));
    assert_eq!(signed, signature(SECRET, event["created"].as_i64().unwrap(), &body));
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again() {
    let mut line = Line::with(&json!({}), vec![503, 400]).await;
    line.pay("o1", "tok_chargeDeclined").await;
    let first = line.next().await;
    assert_eq!(first.1["type"], "payment_intent.payment_failed");
    for _ in 0..2 {
        assert_eq!(line.next().await.2, first.2);
    }
}

#[tokio::test]
async fn callbacks_come_twice_or_never_where_that_is_switched_on() {
    let mut line = Line::with(&json!({ "duplicate_callback_rate": 1.0 }), Vec::new()).await;
    line.pay("o1", "tok_visa").await;
    assert_eq!(line.next().await.2, line.next().await.2);
    line.send("PATCH", "/faults", &json!({ "lost_callback_rate": 1.0 })).await;
    line.pay("o2", "tok_visa").await;
    line.send("PATCH", "/faults", &json!({ "lost_callback_rate": 0.0 })).await;
    line.pay("o3", "tok_visa").await;
    assert_eq!(line.next().await.1["data"]["object"]["metadata"]["order_id"], "o3", "the second was lost");
}

#[tokio::test]
async fn nobody_is_called_where_no_address_is_set() {
    let mut line = Line::with(&json!({ "callback_delay_ms": { "min": 0, "max": 0 } }), Vec::new()).await;
    line.send("PUT", "/webhooks", &json!({})).await;
    line.pay("o1", "tok_visa").await;
    let refused = line.send("PUT", "/webhooks", &json!({ "adress": "x" })).await;
    assert_eq!(refused["error"]["code"], "invalid_request");
    for _ in 0..100 {
        // The gateway's turn: what it does not call now it never will.
        tokio::task::yield_now().await;
    }
    line.send("PUT", "/webhooks", &json!({ "url": line.url, "secret": SECRET })).await;
    line.pay("o2", "tok_visa").await;
    assert_eq!(
        line.next().await.1["data"]["object"]["metadata"]["order_id"],
        "o2",
        "the first is not called"
    );
}
