//! A simulator inside the test: its real routes and a real ledger file, with a clock that stands still.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulators::book::Simulator;
use simulators::carrier::{self, Carrier};
use simulators::desk::{Desk, Options};
use simulators::faults::{FaultSettings, changed};
use simulators::gateway::{self, Gateway};
use simulators::server;
use tempfile::TempDir;
use tower::ServiceExt;

pub struct Bench {
    folder: TempDir,
    router: Option<Router>,
    open: fn(PathBuf, Arc<Mutex<Timestamp>>, &Value) -> Router,
    now: Arc<Mutex<Timestamp>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn replayed(&self) -> bool {
        self.headers.contains_key("idempotent-replayed")
    }

    /// Status and body: what must be the same in a repeat.
    pub fn content(&self) -> (StatusCode, &Value) {
        (self.status, &self.body)
    }
}

impl Bench {
    pub fn gateway() -> Self {
        Self::new(|path, now, faults| {
            server::router(Arc::new(desk(Gateway::default(), path, now, faults)), gateway::routes())
        })
    }

    pub fn carrier() -> Self {
        Self::new(|path, now, faults| {
            let not_served = vec!["AQ".parse().unwrap()];
            let carrier = Carrier::new("DE".parse().unwrap(), not_served);
            server::router(Arc::new(desk(carrier, path, now, faults)), carrier::routes())
        })
    }

    fn new(open: fn(PathBuf, Arc<Mutex<Timestamp>>, &Value) -> Router) -> Self {
        let now = Arc::new(Mutex::new("2025-06-01T12:00:00Z".parse().unwrap()));
        let mut bench = Self { folder: tempfile::tempdir().unwrap(), router: None, open, now };
        bench.reopen(&json!({}));
        bench
    }

    /// Stops and starts on the same file, with these fault switches beside no latency.
    pub fn reopen(&mut self, faults: &Value) {
        self.router = None;
        self.router = Some((self.open)(self.ledger(), self.now.clone(), faults));
    }

    pub fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    pub fn pass_time(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::put(path).body(body.to_string().into()).unwrap()).await
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = Request::post(path).header("idempotency-key", key);
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    pub async fn post_form(&self, path: &str, key: &str, form: &'static str) -> Answer {
        let request = Request::post(path).header("idempotency-key", key);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(form.into()).unwrap()).await
    }

    pub async fn post_raw(&self, path: &str, key: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().unwrap().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap() }
    }
}

/// A desk at this ledger, with these fault switches beside no latency.
pub fn desk<S: Simulator>(
    simulator: S,
    path: PathBuf,
    now: Arc<Mutex<Timestamp>>,
    faults: &Value,
) -> Desk<S> {
    let options = Options {
        seed: 1,
        faults: switches(faults),
        key_life: SignedDuration::from_hours(24),
        clock: Arc::new(move || *now.lock().unwrap()),
    };
    Desk::open(simulator, &path, options).unwrap()
}

fn switches<T: FaultSettings>(faults: &Value) -> T {
    let quick = json!({"latency_ms": {"min": 0, "max": 0}, "hold_ms": 0});
    let quick = changed(&T::default(), quick.as_object().unwrap()).unwrap();
    changed(&quick, faults.as_object().unwrap()).unwrap()
}

/// A charge of 25.90 EUR for this order.
pub fn charge(order_id: &str, payment_method: &str) -> Value {
    json!({
        "amount": 2590, "currency": "EUR", "payment_method": payment_method,
        "metadata": {"order_id": order_id}, "confirm": true,
    })
}

/// A parcel for this order.
pub fn parcel(order_id: &str) -> Value {
    json!({
        "order_id": order_id, "service_level": "standard", "weight_grams": 1200,
        "to": {"name": "Ada Muster", "street": "Hauptstr. 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
    })
}
