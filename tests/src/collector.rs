//! A collector as OpenTelemetry's protocol has it (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>): takes spans over
//! HTTP and keeps them, as they came and decoded.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, body::Bytes, extract::DefaultBodyLimit, http::header::CONTENT_TYPE, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::status::StatusCode,
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinSet};

/// A span as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Span {
    pub service: String,
    pub name: String,
    pub kind: i32,
    pub trace: String,
    pub id: String,
    /// Empty for none.
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
    /// The spans it is linked to.
    pub links: Vec<String>,
    pub failed: Option<String>,
    pub nanos: u64,
}

/// A collector that listens on this machine until it is dropped.
pub struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Taken {
    spans: Vec<Span>,
    bytes: Vec<u8>,
}

impl Collector {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::<Mutex<Taken>>::default();
        let keep = Arc::clone(&taken);
        let traces = move |body: Bytes| async move {
            keep.lock().unwrap_or_else(PoisonError::into_inner).take(&body);
            let answer = ExportTraceServiceResponse::default().encode_to_vec();
            ([(CONTENT_TYPE, "application/x-protobuf")], answer)
        };
        let routes = Router::new().route("/v1/traces", post(traces)).layer(DefaultBodyLimit::disable());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, taken, _server: server }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What makes a service send its spans here.
    #[must_use]
    pub fn variable(&self) -> (String, String) {
        ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), format!("http://{}", self.address))
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.taken().spans.clone()
    }

    /// All that was sent so far, as bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.taken().bytes.clone()
    }

    /// One trace, as [`tree`] draws it.
    #[must_use]
    pub fn tree(&self, trace: &str, shown: impl Fn(&Span) -> bool) -> String {
        let spans: Vec<Span> =
            self.spans().into_iter().filter(|span| span.trace == trace && shown(span)).collect();
        tree(&spans)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn take(&mut self, body: &[u8]) {
        self.bytes.extend_from_slice(body);
        for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
            let about = attributes(resource.resource.unwrap_or_default().attributes);
            let service = about.get("service.name").cloned().unwrap_or_default();
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.spans.extend(spans.map(|span| {
                Span {
                    service: service.clone(),
                    name: span.name,
                    kind: span.kind,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    attributes: attributes(span.attributes),
                    links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
                    failed: span
                        .status
                        .filter(|status| status.code() == StatusCode::Error)
                        .map(|status| status.message),
                    nanos: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano),
                }
            }));
        }
    }
}

/// The spans as a tree, children below their parents. What looks the same at one place stands there once, whatever its
/// number: how often something was tried again is up to the machine.
#[must_use]
pub fn tree(spans: &[Span]) -> String {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let roots: Vec<&Span> = spans.iter().filter(|span| !ids.contains(span.parent.as_str())).collect();
    let mut drawn = String::new();
    draw(spans, &roots, 0, &mut drawn);
    drawn
}

fn draw(spans: &[Span], level: &[&Span], depth: usize, drawn: &mut String) {
    let mut alike: BTreeMap<String, Vec<&Span>> = BTreeMap::new();
    for span in level {
        alike.entry(label(span)).or_default().push(span);
    }
    for (label, same) in alike {
        drawn.push_str(&format!("{}{label}\n", "  ".repeat(depth)));
        let below: Vec<&Span> =
            spans.iter().filter(|span| same.iter().any(|above| above.id == span.parent)).collect();
        draw(spans, &below, depth + 1, drawn);
    }
}

fn label(span: &Span) -> String {
    let failed = span.failed.as_ref().map(|code| format!(" !{code}")).unwrap_or_default();
    format!("{}: {}{failed}", span.service, span.name)
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
