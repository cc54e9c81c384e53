//! The way to the collector: a bounded queue and a task that empties it. Nobody waits for it: what finds no place, and
//! what the collector does not take, is dropped and counted.

use std::{sync::OnceLock, time::Duration};

use anyhow::{Context, ensure};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tracing::{info, warn};

use super::{Span, TraceSettings};
use crate::{clock::Clock, metrics};

/// Most spans of one request to the collector.
const BATCH: usize = 512;
/// How long spans wait for company.
const DELAY: Duration = Duration::from_millis(500);
/// How long a shutdown waits for the collector.
const LAST: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<Queue> = OnceLock::new();

struct Queue {
    spans: mpsc::Sender<SpanData>,
    clock: Clock,
    scope: InstrumentationScope,
}

/// Whether there is a collector.
pub(crate) fn is_on() -> bool {
    QUEUE.get().is_some()
}

/// Puts a span into the queue, if there is one and it has a place.
pub(super) fn take(span: Span) {
    let Some(queue) = QUEUE.get() else { return };
    match queue.spans.try_reserve() {
        Ok(place) => place.send(span.into_data(&queue.clock, &queue.scope)),
        Err(_) => ::metrics::counter!(metrics::SPANS_DROPPED, "cause" => "queue_full").increment(1),
    }
}

/// Empties the queue, until it is finished.
pub(crate) struct Exporter {
    task: JoinSet<()>,
    close: oneshot::Sender<()>,
}

impl Exporter {
    /// Begins, if there is a collector. Within a tokio runtime, once per process.
    ///
    /// # Errors
    /// When the collector's address is none.
    pub fn start(
        settings: &TraceSettings,
        service: &'static str,
        instance: &str,
        clock: &Clock,
    ) -> anyhow::Result<Option<Self>> {
        let Some(collector) = settings.collector() else { return Ok(None) };
        let mut exporter = client(collector)?;
        exporter.set_resource(&resource(settings, service, instance));
        let (spans, queue) = mpsc::channel(settings.spans_max as usize);
        let scope =
            InstrumentationScope::builder("orderflow").with_version(env!("CARGO_PKG_VERSION")).build();
        let _ = QUEUE.set(Queue { spans, clock: clock.clone(), scope });
        let (close, closing) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(Worker { exporter, queue, is_refused: false }.run(closing));
        Ok(Some(Self { task, close }))
    }

    /// Sends what is left, as far as the collector takes it at once.
    pub async fn finish(mut self) {
        let _ = self.close.send(());
        let _ = timeout(LAST, self.task.join_next()).await; // dropping it ends it
    }
}

/// The client. Credentials go into headers: an address is written into logs.
fn client(collector: &str) -> anyhow::Result<SpanExporter> {
    let mistake = || "OTEL_EXPORTER_OTLP_ENDPOINT is not an address such as http://localhost:4318".to_owned();
    let url: reqwest::Url = collector.parse().with_context(mistake)?;
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "OTEL_EXPORTER_OTLP_ENDPOINT holds credentials: put them into OTEL_EXPORTER_OTLP_HEADERS"
    );
    let endpoint = format!("{}/v1/traces", collector.trim_end_matches('/'));
    SpanExporter::builder().with_http().with_endpoint(endpoint).build().with_context(mistake)
}

fn resource(settings: &TraceSettings, service: &'static str, instance: &str) -> Resource {
    let name = settings.service_name.clone().unwrap_or_else(|| service.to_owned());
    Resource::builder()
        .with_attribute(KeyValue::new("service.namespace", "orderflow"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        .with_service_name(name)
        .build()
}

struct Worker {
    exporter: SpanExporter,
    queue: mpsc::Receiver<SpanData>,
    /// Whether the collector has taken nothing lately: said once.
    is_refused: bool,
}

impl Worker {
    async fn run(mut self, mut closing: oneshot::Receiver<()>) {
        let mut is_open = true;
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            tokio::select! {
                _ = &mut closing, if is_open => {
                    // What is there already can still be taken out.
                    self.queue.close();
                    is_open = false;
                    continue;
                }
                taken = self.queue.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            }
            if is_open {
                tokio::select! {
                    () = gather(&mut self.queue, &mut batch) => {}
                    _ = &mut closing => { self.queue.close(); is_open = false; }
                }
            }
            self.send(batch).await;
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let count = batch.len() as u64;
        match self.exporter.export(batch).await {
            Ok(()) => {
                ::metrics::counter!(metrics::SPANS_EXPORTED).increment(count);
                if std::mem::take(&mut self.is_refused) {
                    info!("the collector takes spans again");
                }
            }
            Err(error) => {
                ::metrics::counter!(metrics::SPANS_DROPPED, "cause" => "collector").increment(count);
                if !std::mem::replace(&mut self.is_refused, true) {
                    warn!(%error, "the collector does not take spans: they are dropped, and all else goes on");
                }
            }
        }
    }
}

/// Adds what comes within the delay, up to a whole batch.
async fn gather(queue: &mut mpsc::Receiver<SpanData>, batch: &mut Vec<SpanData>) {
    let deadline = Instant::now() + DELAY;
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        match timeout_at(deadline, queue.recv_many(batch, room)).await {
            Ok(taken) if taken > 0 => {}
            _ => return,
        }
    }
}
