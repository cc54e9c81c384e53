//! One reading of the topic, from where Redis is, and on as records come.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use rdkafka::{Message, consumer::BaseConsumer, error::KafkaError, message::BorrowedMessage};
use redis::Connection;
use uuid::Uuid;

use crate::{runtime::Silent, sealed::following::Offsets};

/// Most records in one write to Redis.
const BATCH: usize = 500;
/// How long one poll may wait, and so how long a question may go unnoticed.
const POLL: Duration = Duration::from_millis(5);
/// How long records may be on their way before the topic is read anew: the last offsets of a partition may hold nothing
/// after compaction, and then only an end that is met after an assignment tells that all was read.
const SOON: Duration = Duration::from_millis(250);

/// A record on its way into Redis.
pub(super) struct Entry {
    pub partition: i32,
    pub offset: i64,
    /// Customer and key id, when the Kafka key names them.
    pub key: Option<(String, Uuid)>,
    /// Empty: a tombstone.
    pub value: Vec<u8>,
}

/// A reading under way.
pub(super) struct Round {
    pub consumer: BaseConsumer<Silent>,
    /// Asks where partitions end. On the connection that reads, the broker would answer after the fetch that waits there.
    pub asking: BaseConsumer<Silent>,
    pub redis: Connection,
    /// The next offset of each partition that is not in Redis yet.
    pub next: Offsets,
    /// Where the partitions ended just before they were assigned: whoever meets an end has read so far.
    floor: Offsets,
    /// Partitions whose end was met, and whose offset does not say so yet.
    met: BTreeSet<i32>,
    /// Up to where whoever waits wants to have read.
    goal: Offsets,
    /// When that takes too long.
    late_at: Option<Instant>,
}

impl Round {
    /// Not begun yet, by a process that has read so far.
    pub(super) fn new(
        consumer: BaseConsumer<Silent>,
        asking: BaseConsumer<Silent>,
        redis: Connection,
        next: Offsets,
    ) -> Self {
        let (floor, met, goal) = (Offsets::new(), BTreeSet::new(), Offsets::new());
        Self { consumer, asking, redis, next, floor, met, goal, late_at: None }
    }

    /// Begins anew, in the partitions that end here now, at what is saved or was read, whichever is less.
    pub(super) fn begin(&mut self, ends: Offsets, saved: &Offsets) {
        let place = |partition: &i32| {
            let saved = saved.get(partition).copied().unwrap_or(0);
            (*partition, self.next.get(partition).map_or(saved, |next| saved.min(*next)))
        };
        self.next = ends.keys().map(place).collect();
        self.met.clear();
        self.late_at = None;
        self.goal.clone_from(&ends);
        self.floor = ends;
    }

    /// Somebody waits for these ends.
    pub(super) fn aim(&mut self, ends: Offsets) {
        self.goal = ends;
        self.late_at.get_or_insert_with(|| Instant::now() + SOON);
    }

    /// Whether all that somebody waits for is in Redis.
    pub(super) fn is_caught_up(&mut self) -> bool {
        let there = |(partition, end): (&i32, &i64)| self.next.get(partition).is_some_and(|next| next >= end);
        let caught_up = self.goal.iter().all(there);
        if caught_up {
            self.late_at = None;
        }
        caught_up
    }

    /// Whether it takes longer than records do.
    pub(super) fn is_late(&self) -> bool {
        self.late_at.is_some_and(|at| Instant::now() >= at)
    }

    pub(super) fn partitions(&self) -> Vec<i32> {
        self.next.keys().copied().collect()
    }

    /// From where to where a partition was read, with this last record; nothing when it did not move.
    pub(super) fn stretch(&mut self, partition: i32, last: Option<i64>) -> Option<(i64, i64)> {
        let next = *self.next.get(&partition)?;
        let met = self.met.remove(&partition).then(|| self.floor.get(&partition).copied());
        let end = last.map_or(next, |last| last + 1).max(met.flatten().unwrap_or(next));
        (end > next).then_some((next, end))
    }

    /// What has come in, possibly nothing; any error ends the round.
    pub(super) fn read(&mut self) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut patience = POLL;
        while entries.len() < BATCH {
            match self.consumer.poll(patience) {
                None => break,
                Some(Ok(message)) => entries.push(entry(&message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.met.insert(partition);
                }
                Some(Err(error)) => return Err(error.into()),
            }
            patience = Duration::ZERO;
        }
        Ok(entries)
    }
}

fn entry(message: &BorrowedMessage<'_>) -> Entry {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
    let key = key.and_then(|key| key.rsplit_once('/'));
    Entry {
        partition: message.partition(),
        offset: message.offset(),
        key: key.and_then(|(customer, id)| Some((customer.to_owned(), Uuid::parse_str(id).ok()?))),
        value: message.payload().unwrap_or_default().to_vec(),
    }
}
