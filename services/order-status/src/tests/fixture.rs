//! A service without Kafka: the step and the routes over a recording outbox.

use std::{
    collections::HashMap,
    net::SocketAddr,
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
    response::Response,
};
use orderflow::{
    clock::Clock,
    events::{FraudLabelled, OrderCancelRequested, Record, ReviewDecided},
    fault::Fault,
    http::{InFlight, Tokens, callers::Callers},
    registry::Registry,
    runtime::{Prepared, Root, group_lag::GroupLags},
    state::State,
    step::Step,
    topics::{Names, Topic},
};
use orderflow_letters::{Access, watch::Watched};
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use super::events::{event, order, received};
use crate::{
    changes::Announcer,
    commands::{Commands, Outbox},
    desk::Desk,
    flow::{Flow, counts::Counts},
    log_end::{LogEnd, Span},
    models::Reports,
    on_dead_letter::OnDeadLetter,
    on_event::{OnEvent, OrderEvent},
    on_operator_act::OnOperatorAct,
    problem_kind::STAFF_ONLY,
    records::{Place, Records},
    routes::routes,
    timelines::Timelines,
};
use orderflow_testkit::RedisServer;

/// The secret that signs tokens in tests.
const SECRET: &[u8] = b"a secret of no less than 32 bytes, for tests";
/// The scope that makes a token's subject staff.
const STAFF_SCOPE: &str = "orders:staff";
/// A caller on this machine, and one far away.
pub const LOCAL: &str = "127.0.0.1:4711";
pub const FAR: &str = "203.0.113.9:4711";

/// What was published, and whether the log takes anything.
#[derive(Default)]
pub struct Recorder {
    sent: Mutex<Vec<Value>>,
    down: AtomicBool,
}

impl Recorder {
    /// Everything the log took, in order: the records as they were prepared.
    pub fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }

    /// The log stops (or begins again) to answer.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

/// The record of a prepared one.
pub fn record<T: serde::de::DeserializeOwned>(sent: &Value) -> T {
    let bytes: Vec<u8> = serde_json::from_value(sent["value"].clone()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn prepared<R: Record>(record: &R, root: &Root) -> Prepared {
    let trace = serde_json::to_string(&root.trace).unwrap(); // 128 bits: JSON text holds them, a `Value` does not
    let envelope = json!({
        "id": root.id, "source": root.source, "kind": R::full_name(), "time": record.occurred_at(),
        "subject": record.key(), "dataschema": null, "correlation_id": root.correlation_id, "causation_id": null,
    });
    let envelope = envelope.to_string();
    let envelope = format!("{},\"trace\":{trace}}}", envelope.strip_suffix('}').unwrap());
    let value = serde_json::to_string(&serde_json::to_vec(record).unwrap()).unwrap();
    let (topic, key) = (json!(R::TOPIC.name()), json!(record.key()));
    let text = format!("{{\"topic\":{topic},\"key\":{key},\"value\":{value},\"envelope\":{envelope}}}");
    serde_json::from_str(&text).unwrap()
}

#[async_trait]
impl Outbox for Recorder {
    fn cancel(&self, event: &OrderCancelRequested, root: Root) -> Result<Prepared, Fault> {
        Ok(prepared(event, &root))
    }

    fn label(&self, event: &FraudLabelled, root: Root) -> Result<Prepared, Fault> {
        Ok(prepared(event, &root))
    }

    fn review(&self, event: &ReviewDecided, root: Root) -> Result<Prepared, Fault> {
        Ok(prepared(event, &root))
    }

    async fn send(&self, record: &Prepared) -> Result<(), Fault> {
        tokio::task::yield_now().await; // gives others a turn, as a broker would
        if self.down.load(Ordering::Relaxed) {
            return Err(Fault::transient("kafka_unavailable", "Kafka has not acknowledged the record"));
        }
        // Not through `Value`: the trace has 128 bits.
        let text = serde_json::to_string(record).unwrap();
        let (head, tail) = text.split_once("\"trace\":").unwrap();
        let tail = tail.split_once('}').unwrap().1;
        self.sent.lock().unwrap().push(serde_json::from_str(&format!("{head}\"trace\":null{tail}")).unwrap());
        Ok(())
    }
}

/// Where `orders` ends, as a test says.
#[derive(Clone, Default)]
pub struct End(Arc<Mutex<Vec<Span>>>);

impl End {
    /// One partition with so many records.
    pub fn set(&self, end: i64) {
        *self.0.lock().unwrap() = vec![Span { partition: 0, first: 0, end }];
    }
}

#[async_trait]
impl LogEnd for End {
    async fn ends(&self) -> Result<Vec<Span>, Fault> {
        Ok(self.0.lock().unwrap().clone())
    }
}

/// What the log holds, as a test says, by topic and offset; and whether it answers.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<HashMap<(&'static str, i64), Value>>>, Arc<AtomicBool>);

impl Shelf {
    /// A record there.
    pub fn put(&self, topic: Topic, offset: i64, value: Value) {
        self.0.lock().unwrap().insert((topic.name(), offset), value);
    }

    /// The log stops (or begins again) to answer.
    pub fn set_down(&self, down: bool) {
        self.1.store(down, Ordering::Relaxed);
    }
}

#[async_trait]
impl Records for Shelf {
    async fn read(&self, places: Vec<Place>) -> anyhow::Result<HashMap<Place, Value>> {
        anyhow::ensure!(!self.1.load(Ordering::Relaxed), "Kafka does not answer");
        let shelf = self.0.lock().unwrap();
        let read = |place: Place| Some((place, shelf.get(&(place.topic.name(), place.offset))?.clone()));
        Ok(places.into_iter().filter_map(read).collect())
    }
}

/// The service under test.
pub struct Fixture {
    pub routes: Router,
    pub log: Arc<Recorder>,
    pub end: End,
    pub state: State,
    pub clock: Clock,
    /// `None` once the loop has ended.
    pub step: Option<OnEvent>,
    /// The same.
    pub letters: Option<OnDeadLetter>,
    /// The same.
    pub acts: Option<OnOperatorAct>,
    pub shelf: Shelf,
    pub lags: GroupLags,
    _redis: RedisServer,
}

impl Fixture {
    /// A service; `None` where there is no Redis.
    pub async fn start() -> Option<Self> {
        Self::with(64, None).await
    }

    /// A service with so many places to wait, and this operator's token.
    pub async fn with(waiting: usize, operator_token: Option<&str>) -> Option<Self> {
        let redis = RedisServer::start()?;
        let state = redis.state("test:order-status:").await;
        let (clock, log, end, announcer) =
            (Clock::system(), Arc::new(Recorder::default()), End::default(), Announcer::new());
        let (timelines, shelf) = (Timelines::new(state.clone(), clock.clone()), Shelf::default());
        let (counts, lags) = (Counts::new(clock.now()), GroupLags::default());
        let desk = Desk {
            flow: Flow::new(counts.clone(), lags.clone(), Watched::default()),
            timelines: timelines.clone(),
            commands: Commands { outbox: log.clone(), state: state.clone() },
            log_end: Box::new(end.clone()),
            callers: Callers {
                tokens: tokens(),
                staff_scope: STAFF_SCOPE.to_owned(),
                operator_token: operator_token.map(Into::into),
                refusal: &STAFF_ONLY,
            },
            in_flight: InFlight::new(64),
            waiting: InFlight::new(waiting),
            changes: announcer.changes(),
            letters: nowhere(),
            reports: Reports::default(),
            records: Box::new(shelf.clone()),
            clock: clock.clone(),
        };
        let step = Some(OnEvent::new(timelines.clone(), announcer.clone(), counts, clock.clone()));
        let letters = Some(OnDeadLetter::new(timelines.clone(), announcer.clone()));
        let acts = Some(OnOperatorAct::new(timelines, announcer));
        let routes = routes(Arc::new(desk));
        Some(Self { routes, log, end, state, clock, step, letters, acts, shelf, lags, _redis: redis })
    }

    /// Lets the step have events, in one batch.
    pub async fn fold(&self, events: impl IntoIterator<Item = OrderEvent>) {
        let batch: Vec<_> = events.into_iter().map(received).collect();
        let verdicts = self.step.as_ref().unwrap().handle(&batch).await.unwrap();
        assert!(verdicts.iter().all(Result::is_ok));
    }

    /// Lets the step have these events of the order `n`.
    pub async fn fold_all(&self, n: u128, names: &[&str]) {
        let order = order(n);
        self.fold(names.iter().map(|name| event(&order, name))).await;
    }

    /// Sends a request from this machine and returns the whole answer.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Posts JSON from this machine.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// Sends a request; a header `test-peer` names where from.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        Answer::read(self.open(method, path, headers, body).await).await
    }

    /// As [`Self::send`], without waiting for the body.
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).unwrap();
        let peer = headers.iter().find(|(name, _)| *name == "test-peer").map_or(LOCAL, |(_, peer)| peer);
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        self.routes.clone().oneshot(request).await.unwrap()
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
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// A header as text; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Status and the problem's code, which its type ends with.
    pub fn problem(&self) -> (u16, &str) {
        let code = self.body["code"].as_str().unwrap_or_default();
        assert_eq!(self.body["type"].as_str().unwrap_or_default(), format!("/problems/{code}"));
        assert_eq!(self.header("content-type"), "application/problem+json");
        (self.status.as_u16(), code)
    }

    /// Field and code of each mistake.
    pub fn mistakes(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().unwrap();
        errors.iter().map(|e| (e["field"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
    }
}

/// The id of the order `n`, as text.
pub fn id(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

fn tokens() -> Tokens {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    Tokens::hs256(file.path(), &Default::default()).unwrap()
}

/// `Bearer …` for this member of staff, for an hour.
pub fn staff_bearer(clock: &Clock, subject: &str) -> String {
    bearer(clock, subject, &json!(format!("openid {STAFF_SCOPE}")))
}

/// `Bearer …` for this subject with this `scope` claim, for an hour.
pub fn bearer(clock: &Clock, subject: &str, scope: &Value) -> String {
    let claims = json!({"sub": subject, "exp": clock.now().as_second() + 3600, "scope": scope});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    format!("Bearer {}", jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap())
}

/// Dead letters on servers that there are not.
fn nowhere() -> Access {
    let registry = Registry::new("http://127.0.0.1:9").unwrap();
    Access { config: rdkafka::ClientConfig::new(), names: Names::default(), registry }
}
