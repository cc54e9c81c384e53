//! The consumer of a service's group: where it starts, and what a rebalance tells the loop.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientConfig, ClientContext, Statistics, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext},
    error::KafkaError,
    topic_partition_list::Offset,
    types::RDKafkaRespErr,
};
use tracing::{info, warn};

use crate::{
    fault::Fault,
    faults::{Plant, planted},
    metrics,
};

/// How long a question to the broker may take.
pub(super) const ASK: Duration = Duration::from_secs(10);
/// How long the loop asks for its place before it polls again, so that it stays in its group.
const PLACE: Duration = Duration::from_secs(3);

/// The settings of the group's consumer; the reasons are in `ARCHITECTURE.md`, "Kafka settings".
pub(super) fn config(base: &ClientConfig, group: &str, client: &str) -> ClientConfig {
    let mut config = base.clone();
    config
        .set("group.id", group)
        .set("client.id", client)
        .set(
            "isolation.level",
            if planted(Plant::ReadUncommitted) { "read_uncommitted" } else { "read_committed" },
        )
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // New partitions start at their beginning (see `place`); an offset that is gone must stop the service.
        .set("auto.offset.reset", "error")
        .set("partition.assignment.strategy", "range,roundrobin")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1000")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "10")
        // Bounds what is fetched ahead, and so memory.
        .set("queued.min.messages", "1000")
        .set("queued.max.messages.kbytes", "4096")
        .set("fetch.max.bytes", "4194304")
        .set("fetch.message.max.bytes", "262144")
        .set("statistics.interval.ms", "1000");
    config
}

/// For readers of a topic from end to end: every error also comes out of a poll, and is logged once, there; an end
/// that is met is none.
pub(crate) struct Silent;

impl ClientContext for Silent {
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Silent {}

/// A consumer that reports its assignment and statistics to [`Watch`].
pub(super) type GroupConsumer = BaseConsumer<Watch>;

/// What the client's callbacks leave for the loop. They run inside `poll`, on the loop's own thread.
#[derive(Default)]
pub(super) struct Watch {
    assignment: Mutex<Assignment>,
    statistics: Mutex<Option<Statistics>>,
    owed: Mutex<TopicPartitionList>,
}

/// The partitions held, and how often that has changed.
#[derive(Debug, Default, Clone)]
pub(super) struct Assignment {
    /// Counts rebalances: records polled under another epoch are not ours to handle.
    pub epoch: u64,
    /// Whether the group has given us our share, which may be no partition at all.
    pub joined: bool,
}

impl Watch {
    pub(super) fn assignment(&self) -> MutexGuard<'_, Assignment> {
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offsets of records that led to nothing, still to be committed: with the next batch that has outputs, in a while,
    /// or before the partitions are another's. Lost in a crash, they are read again, to the same nothing.
    pub(super) fn owed(&self) -> MutexGuard<'_, TopicPartitionList> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest statistics, once.
    pub(super) fn take_statistics(&self) -> Option<Statistics> {
        self.statistics.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Watch {
    fn stats(&self, statistics: Statistics) {
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner) = Some(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        warn!(%error, reason, "Kafka client");
    }
}

impl ConsumerContext for Watch {
    /// No transaction is open here: a batch is committed before the next poll. Offsets that are owed, or were committed
    /// asynchronously (at-least-once), are sent before another instance takes over.
    ///
    /// Where the group has committed is asked later, by the loop ([`place`]): here nothing may take long.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let assign = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let done = if assign {
            // Paused until its place is known, and at a plain offset: a logical one (beginning, end) would be looked up
            // meanwhile, and what comes back late would move the partition away from where the loop has gone to.
            list.set_all_offsets(Offset::Offset(0)).and_then(|()| {
                consumer.assign(list)?;
                consumer.pause(list)
            })
        } else {
            commit_rest(consumer);
            consumer.unassign()
        };
        if let Err(error) = &done {
            warn!(%error, "rebalance");
            let _ = consumer.unassign(); // the client wants an answer
        }
        info!(assigned = assign, partitions = list.count(), "rebalance");
        ::metrics::counter!(metrics::REBALANCES).increment(1);
        let mut assignment = self.assignment();
        assignment.epoch += 1;
        assignment.joined = assign && done.is_ok();
    }
}

/// Commits what is not committed yet. Failing is no loss: whoever holds the partitions then reads those records again.
///
/// Nothing waits here, where a broker that goes away would keep the loop for good: the client sends these commits before
/// it gives the partitions back or leaves, on the connection it does that on, and waits for their answers itself.
pub(super) fn commit_rest(consumer: &GroupConsumer) {
    let owed = std::mem::take(&mut *consumer.context().owed());
    if consumer.assignment_lost() {
        return; // the group has gone on without us and would refuse
    }
    let _ = consumer.commit_consumer_state(CommitMode::Async); // an error here means there was nothing to commit
    if owed.count() > 0
        && let Err(error) = consumer.commit(&owed, CommitMode::Async)
    {
        warn!(%error, "the last offsets are not committed; their records are read again");
    }
}

/// Goes to where the group has committed, on every partition held, or else to the partition's first record. Returns the
/// broker's topic names, partitions and committed offsets (0 when there is none).
///
/// After an assignment, and after an abort: the client does not go back by itself (KAFKA-17582), and would skip records
/// silently.
///
/// # Errors
/// `Transient` when the broker does not tell the committed offsets: it keeps them back until an open transaction of a
/// hanging instance has timed out (`transaction.timeout.ms`). Poll, and call again.
pub(super) fn place(consumer: &GroupConsumer) -> Result<Vec<(String, i32, i64)>, Fault> {
    let unknown = |error: KafkaError| {
        Fault::transient("kafka_unavailable", "cannot learn the committed offsets").caused_by(error)
    };
    let mut list = consumer.assignment().map_err(unknown)?;
    if list.count() == 0 {
        return Ok(Vec::new());
    }
    let committed = consumer.committed_offsets(list.clone(), PLACE).map_err(unknown)?;
    let mut places = Vec::with_capacity(committed.count());
    for partition in committed.elements() {
        let (topic, number) = (partition.topic(), partition.partition());
        let (begin, known) = match partition.offset() {
            Offset::Offset(offset) => (offset, offset),
            _ => (consumer.fetch_watermarks(topic, number, PLACE).map_err(unknown)?.0, 0),
        };
        list.set_partition_offset(topic, number, Offset::Offset(begin)).map_err(unknown)?;
        places.push((topic.to_owned(), number, known));
    }
    let sought = consumer.seek_partitions(list, PLACE).map_err(unknown)?;
    for partition in sought.elements() {
        partition.error().map_err(unknown)?;
    }
    Ok(places)
}
