//! Tells of things no order waits for, in the background: nobody waits for Kafka, or fails by it.

use tokio::{sync::mpsc, task::JoinSet};
use tracing::warn;
use uuid::Uuid;

use super::{Publisher, Root};
use crate::{events::Record, fault::Fault, trace::TraceContext};

/// Most records that wait for Kafka.
const WAITING: usize = 256;

/// Publishes records one after the other. Those that wait when it is dropped, and those that Kafka does not take, are
/// lost; the log says so.
pub struct Teller<R> {
    records: mpsc::Sender<(Uuid, R)>,
    _task: JoinSet<()>,
}

impl<R: Record> Teller<R> {
    /// Begins, in the name of this service. Within a tokio runtime.
    pub(crate) fn start(publisher: Publisher, service: &'static str) -> Self {
        let (records, mut waiting) = mpsc::channel(WAITING);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some((id, record)) = waiting.recv().await {
                if let Err(fault) = publish(&publisher, service, id, &record).await {
                    warn!(code = fault.code(), %fault, record = R::NAME, topic = %R::TOPIC,
                        "a record that no order waits for is lost");
                }
            }
        });
        Self { records, _task: task }
    }

    /// Notes a record, to be told under this id when Kafka takes it. Does not wait.
    pub fn tell(&self, id: Uuid, record: R) {
        if self.records.try_send((id, record)).is_err() {
            warn!(record = R::NAME, topic = %R::TOPIC, "too many records wait for Kafka: one is lost");
        }
    }
}

async fn publish<R: Record>(
    publisher: &Publisher,
    service: &'static str,
    id: Uuid,
    record: &R,
) -> Result<(), Fault> {
    let root =
        Root { id, source: service.to_owned(), correlation_id: id.to_string(), trace: TraceContext::root() };
    publisher.send(&publisher.prepare(record, root)?).await.map(|_| ())
}
