//! The routes, with a topic that answers at once and a real Redis.

use async_trait::async_trait;
use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::{NotificationDue, Record, Subscription},
    fault::Fault,
    http::{InFlight, Tokens, callers::Callers},
    runtime::{Known, Root},
};
use orderflow_testkit::RedisServer;
use tokio::sync::watch;
use tower::ServiceExt;
use uuid::Uuid;

use super::*;
use crate::{
    desk::Outbox,
    endpoint::Allowed,
    problem_kind::STAFF_ONLY,
    queue::{Limits, Queue},
    secrets::tests::secrets,
    subscriptions::Subscriptions,
};

const TOKEN: &str = "the-operator-s-token";

/// A topic that everybody has read as soon as something is on it.
struct Topic(watch::Sender<Option<Known<Subscription>>>);

#[async_trait]
impl Outbox for Topic {
    async fn keep(&self, subscription: &Subscription, _: Root) -> Result<(), Fault> {
        let (key, record) = (subscription.key(), subscription.clone());
        self.0.send_modify(|known| drop(known.get_or_insert_default().insert(key, record)));
        Ok(())
    }

    async fn end(&self, id: Uuid) -> Result<(), Fault> {
        self.0.send_modify(|known| drop(known.get_or_insert_default().remove(&Subscription::key_of(id))));
        Ok(())
    }

    async fn notify(&self, due: &NotificationDue, _: Root) -> Result<(), Fault> {
        assert_eq!(due.event_type, "endpoint.test");
        Ok(())
    }
}

struct Bench(Router);

impl Bench {
    async fn new(redis: &RedisServer) -> Self {
        let (topic, followed) = watch::channel(Some(Known::new()));
        let desk = Desk {
            outbox: Box::new(Topic(topic)),
            subscriptions: Subscriptions::new(followed),
            queue: Queue::new(redis.fresh().await, Limits { waiting: 0, window: 0 }),
            secrets: secrets(),
            allowed: Allowed::Public,
            sends_mail: false,
            overlap: SignedDuration::from_hours(24),
            callers: Callers {
                tokens: Tokens::refused(),
                staff_scope: "orders:staff".to_owned(),
                operator_token: Some(TOKEN.to_owned().into()),
                refusal: &STAFF_ONLY,
            },
            in_flight: InFlight::new(4),
            clock: Clock::system(),
        };
        Self(routes(Arc::new(desk)))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {TOKEN}"));
        let request = match body {
            Some(body) => {
                request.header("content-type", "application/json").body(Body::from(body.to_string()))
            }
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.0.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

#[tokio::test]
async fn a_subscription_lives_from_its_secret_to_its_end() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = Bench::new(&redis).await;
    let body = json!({ "url": "https://shop.example/hooks", "events": ["order.paid"] });
    let (status, made) = bench.ask(Method::POST, "/subscriptions", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let secret = made["secret"].as_str().unwrap().to_owned();
    let path = format!("/subscriptions/{}", made["id"].as_str().unwrap());

    let (status, shown) = bench.ask(Method::GET, &path, None).await;
    assert_eq!((status, &shown["queue"]["waiting"]), (StatusCode::OK, &json!(0)), "{shown}");
    let (_, rotated) = bench.ask(Method::POST, &format!("{path}/rotate"), None).await;
    assert_eq!((&rotated["secrets"], &rotated["revision"]), (&json!(2), &json!(2)), "{rotated}");
    assert_ne!(rotated["secret"], json!(secret));
    let (_, all) = bench.ask(Method::GET, "/subscriptions", None).await;
    assert!(all["subscriptions"][0]["secret"].is_null() && !all.to_string().contains("whsec_"), "{all}");

    let change = async |what: &str| bench.ask(Method::POST, &format!("{path}/{what}"), None).await;
    assert_eq!(change("test").await.0, StatusCode::ACCEPTED);
    assert_eq!(change("disable").await.1["status"], "disabled");
    assert_eq!(change("test").await.1["code"], "not_enabled");
    assert_eq!(change("enable").await.1["status"], "enabled");
    assert_eq!(change("explode").await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.ask(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask(Method::GET, &path, None).await.1["code"], "unknown_subscription");
}

#[tokio::test]
async fn what_is_wrong_is_told_all_at_once_and_to_staff_only() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = Bench::new(&redis).await;
    let body = json!({ "url": "http://127.0.0.1/hooks", "events": ["order.eaten"], "description": "a\nb" });
    let (status, problem) = bench.ask(Method::POST, "/subscriptions", Some(body)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, ["/url", "/events/0", "/description"], "{problem}");
    assert!(!problem.to_string().contains("127.0.0.1"), "it repeats what it was sent: {problem}");
    let body = json!({ "channel": "email", "events": ["order.held"] });
    let (_, problem) = bench.ask(Method::POST, "/subscriptions", Some(body)).await;
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, ["/channel", "/events/0"], "{problem}");

    let (status, _) = bench.send(Request::get("/subscriptions").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, events) = bench.send(Request::get("/events").body(Body::empty()).unwrap()).await;
    assert_eq!((status, events["events"].as_array().unwrap().len()), (StatusCode::OK, EVENTS.len()));
}
