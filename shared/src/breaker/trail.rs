//! Tells `audit` of a breaker's moves, in the background: no call waits for Kafka, or fails by it.

use tokio::{sync::mpsc, task::JoinSet};
use tracing::warn;

use super::Move;
use crate::{
    envelope::ids,
    events::BreakerMoved,
    fault::Fault,
    runtime::{Publisher, Root},
    trace::TraceContext,
};

/// Most moves that wait for Kafka; a breaker moves at most every second or so.
const WAITING: usize = 64;

/// Publishes moves one after the other. Those that wait when it is dropped are lost.
pub(crate) struct Trail {
    moves: mpsc::Sender<BreakerMoved>,
    service: &'static str,
    instance: String,
    breaker: &'static str,
    _task: JoinSet<()>,
}

impl Trail {
    /// Begins. Within a tokio runtime.
    pub fn start(
        publisher: Publisher,
        service: &'static str,
        instance: String,
        breaker: &'static str,
    ) -> Self {
        let (moves, mut waiting) = mpsc::channel(WAITING);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(moved) = waiting.recv().await {
                if let Err(fault) = publish(&publisher, &moved).await {
                    warn!(code = fault.code(), %fault, breaker = moved.breaker, to = moved.to,
                        "audit does not hear of a breaker's move");
                }
            }
        });
        Self { moves, service, instance, breaker, _task: task }
    }

    /// Notes a move, to be told when Kafka takes it.
    pub fn tell(&self, moved: Move) {
        let record = BreakerMoved {
            service: self.service.to_owned(),
            instance: self.instance.clone(),
            breaker: self.breaker.to_owned(),
            from: moved.from.name().to_owned(),
            to: moved.to.name().to_owned(),
            reason: moved.reason.to_owned(),
            moved_at: moved.at,
        };
        if self.moves.try_send(record).is_err() {
            warn!(
                breaker = self.breaker,
                to = moved.to.name(),
                "too many moves wait for Kafka: audit does not hear of a breaker's move"
            );
        }
    }
}

async fn publish(publisher: &Publisher, moved: &BreakerMoved) -> Result<(), Fault> {
    let at = moved.moved_at.as_microsecond().to_string();
    let id = ids::from_parts(&[&moved.service, &moved.instance, &moved.breaker, &at, &moved.to]);
    let root = Root {
        id,
        source: moved.service.clone(),
        correlation_id: id.to_string(),
        trace: TraceContext::root(),
    };
    publisher.send(&publisher.prepare(moved, root)?).await.map(|_| ())
}
