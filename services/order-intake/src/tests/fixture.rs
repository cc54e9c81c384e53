//! A service without Kafka: the routes over a recording outbox, customers' keys in memory, and a clock to move.

use std::{
    io::Write,
    net::SocketAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use orderflow::{
    clock::Clock,
    envelope::Envelope,
    events::{OrderPlaced, Record, StockAdjustmentRequested},
    fault::Fault,
    http::{Expected, InFlight, Tokens},
    runtime::{Prepared, Root},
    sealed::{DataKey, MasterKey, SealingKeys},
    state::State,
    trace::TraceContext,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    accept::Acceptor,
    catalogue::Catalogue,
    catalogue_file,
    claims::Claims,
    hashes::KeyedHashes,
    intake::Intake,
    limits::Rate,
    network::Network,
    operator::Operators,
    outbox::{Activity, Outbox},
    routes::routes,
};
use orderflow_testkit::RedisServer;

/// The secret that signs tokens in tests.
const SECRET: &[u8] = b"a secret of no less than 32 bytes, for tests";

/// The address every request comes from, unless it says otherwise.
pub const PEER: &str = "203.0.113.9:4711";

/// A record as the log took it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub topic: String,
    pub key: String,
    pub id: Uuid,
    pub correlation_id: String,
    pub trace: TraceContext,
    /// All of it, to compare.
    pub text: String,
}

impl Sent {
    fn of(record: &Prepared) -> Self {
        #[derive(Deserialize)]
        struct Record {
            topic: String,
            key: String,
            envelope: Envelope,
        }
        let text = serde_json::to_string(record).unwrap();
        let Record { topic, key, envelope } = serde_json::from_str(&text).unwrap();
        let Envelope { id, correlation_id, trace, .. } = envelope;
        Self { topic, key, id, correlation_id, trace, text }
    }
}

/// What was published, and whether the log takes anything.
#[derive(Default)]
pub struct Recorder {
    sent: Mutex<Vec<Sent>>,
    orders: Mutex<Vec<OrderPlaced>>,
    adjustments: Mutex<Vec<StockAdjustmentRequested>>,
    activities: Mutex<Vec<Activity>>,
    down: AtomicBool,
}

impl Recorder {
    /// Everything the log took, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Every order that was prepared, published or not.
    pub fn orders(&self) -> Vec<OrderPlaced> {
        self.orders.lock().unwrap().clone()
    }

    /// Every adjustment that was prepared.
    pub fn adjustments(&self) -> Vec<StockAdjustmentRequested> {
        self.adjustments.lock().unwrap().clone()
    }

    /// Everything customers have done that was prepared.
    pub fn activities(&self) -> Vec<Activity> {
        self.activities.lock().unwrap().clone()
    }

    /// The log stops (or begins again) to answer.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

fn prepared<R: Record>(record: &R, root: &Root) -> Prepared {
    let text = |value: Value| value.to_string();
    let envelope = [
        ("id", text(json!(root.id))),
        ("source", text(json!(root.source))),
        ("kind", text(json!(R::full_name()))),
        ("time", text(json!(record.occurred_at()))),
        ("subject", text(json!(record.key()))),
        ("dataschema", text(json!(null))),
        ("correlation_id", text(json!(root.correlation_id))),
        ("causation_id", text(json!(null))),
        // A trace id has 128 bits: JSON text holds it, a `Value` does not.
        ("trace", serde_json::to_string(&root.trace).unwrap()),
    ];
    let value = serde_json::to_string(&serde_json::to_vec(record).unwrap()).unwrap();
    let (topic, key, envelope) = (json!(R::TOPIC.name()), json!(record.key()), object(&envelope));
    let prepared =
        [("topic", topic.to_string()), ("key", key.to_string()), ("value", value), ("envelope", envelope)];
    serde_json::from_str(&object(&prepared)).unwrap()
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", fields.join(","))
}

#[async_trait]
impl Outbox for Recorder {
    fn order(&self, event: &OrderPlaced, root: Root) -> Result<Prepared, Fault> {
        self.orders.lock().unwrap().push(event.clone());
        Ok(prepared(event, &root))
    }

    fn adjustment(&self, event: &StockAdjustmentRequested, root: Root) -> Result<Prepared, Fault> {
        self.adjustments.lock().unwrap().push(event.clone());
        Ok(prepared(event, &root))
    }

    fn activity(&self, event: &Activity, root: Root) -> Result<Prepared, Fault> {
        self.activities.lock().unwrap().push(event.clone());
        Ok(match event {
            Activity::Viewed(event) => prepared(event, &root),
            Activity::Cart(event) => prepared(event, &root),
        })
    }

    async fn send(&self, record: &Prepared) -> Result<(), Fault> {
        // Gives others a turn, as a broker would.
        tokio::task::yield_now().await;
        if self.down.load(Ordering::Relaxed) {
            return Err(Fault::transient("kafka_unavailable", "Kafka has not acknowledged the record"));
        }
        self.sent.lock().unwrap().push(Sent::of(record));
        Ok(())
    }
}

/// One key for everybody.
struct OneKey(Uuid, DataKey);

#[async_trait]
impl SealingKeys for OneKey {
    async fn current(&self, _customer_id: &str) -> Result<(Uuid, DataKey), Fault> {
        Ok((self.0, self.1.clone()))
    }
}

/// The service under test.
pub struct Fixture {
    pub routes: Router,
    pub log: Arc<Recorder>,
    pub clock: Clock,
    pub state: State,
    pub key: DataKey,
    pub redis: RedisServer,
}

/// What a test may want otherwise.
pub struct Knobs {
    pub per_second: u32,
    pub burst: u32,
    pub in_flight: usize,
    pub operator_token: Option<&'static str>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { per_second: 10_000, burst: 10_000, in_flight: 64, operator_token: None }
    }
}

impl Fixture {
    /// A service; `None` where there is no Redis.
    pub async fn start() -> Option<Self> {
        Self::with(Knobs::default()).await
    }

    /// A service with these settings.
    pub async fn with(knobs: Knobs) -> Option<Self> {
        let redis = RedisServer::start()?;
        let state = redis.state("test:order-intake:").await;
        let (log, clock) = (Arc::new(Recorder::default()), Clock::system());
        let (key_id, key) = data_key(&clock);
        let rate = |number| NonZeroU32::new(number).unwrap();
        let intake = Intake {
            catalogue: Arc::new(demo_catalogue()),
            hashes: KeyedHashes::derived_from(&[7; 32]).unwrap(),
            keys: Arc::new(OneKey(key_id, key.clone())),
            acceptor: Acceptor {
                claims: Claims::new(state.clone()),
                outbox: log.clone(),
                clock: clock.clone(),
            },
            tokens: tokens(),
            operators: Operators::new(knobs.operator_token.map(Into::into)),
            network: Network::default(),
            rate: Rate::new(rate(knobs.per_second), rate(knobs.burst)),
            in_flight: InFlight::new(knobs.in_flight),
            order_status: String::new(),
            clock: clock.clone(),
        };
        let routes = routes(Arc::new(intake));
        Some(Self { routes, log, clock, state, key, redis })
    }

    /// Sends a request with a body.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).unwrap();
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            let peer = headers.iter().find(|(name, _)| *name == "test-peer").map_or(PEER, |(_, peer)| peer);
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        }
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    /// Sends an order, with these headers beside the content type.
    pub async fn order(&self, order: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(Method::POST, "/orders", &all, order.to_string()).await
    }
}

/// An answer, its body as JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// A header as text; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The problem's code, which its type ends with.
    pub fn code(&self) -> &str {
        let code = self.body["code"].as_str().unwrap_or_default();
        assert_eq!(self.body["type"].as_str().unwrap_or_default(), format!("/problems/{code}"));
        code
    }

    /// Field and code of each mistake.
    pub fn mistakes(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }
}

/// An order that is in order.
pub fn order() -> Value {
    json!({
        "customer": {"id": "cust-42", "name": "Ada Lovelace", "email": "ada@example.org", "account_age_days": 400},
        "delivery_address": {
            "line1": "Unter den Linden 5", "city": "Berlin", "postal_code": "10117", "country": "DE"
        },
        "lines": [{"sku": "KIT-MUG-350", "quantity": 2}, {"sku": "BOO-NOTE-A5", "quantity": 1}],
        "currency": "EUR",
        "payment_token": "tok_visa",
        "device_id": "device-1"
    })
}

/// The order with one value set, by JSON pointer; `null` takes the field out.
pub fn order_with(pointer: &str, value: Value) -> Value {
    let mut order = order();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = order.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(fields), Value::Null) => drop(fields.remove(name)),
        (Value::Object(fields), value) => drop(fields.insert(name.to_owned(), value)),
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        _ => unreachable!("no such place: {pointer}"),
    }
    order
}

/// The catalogue of the demo.
pub fn demo_catalogue() -> Catalogue {
    catalogue_file::parse(include_str!("../../../../deploy/catalogue/demo.yaml")).unwrap()
}

/// Checks tokens signed with [`SECRET`].
fn tokens() -> Tokens {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(SECRET).unwrap();
    Tokens::hs256(file.path(), &Expected::default()).unwrap()
}

/// `Bearer …` for this subject, for an hour.
pub fn bearer(clock: &Clock, subject: &str) -> String {
    let claims = json!({"sub": subject, "exp": clock.now().as_second() + 3600});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    format!("Bearer {}", jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap())
}

fn data_key(clock: &Clock) -> (Uuid, DataKey) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all("2a".repeat(32).as_bytes()).unwrap();
    let master = MasterKey::from_file(file.path()).unwrap();
    let wrapped = master.new_data_key("anybody", clock.now()).unwrap();
    (wrapped.key_id, master.unwrap_key(&wrapped).unwrap())
}
