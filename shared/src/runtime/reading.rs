//! Topics read from their beginning: to their end, for a rebuild, or on and on, for whoever follows one.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    topic_partition_list::Offset,
};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{batch::Raw, consumer::Silent, engine::unavailable, log::KafkaLog, poll::origin};
use crate::{fault::Fault, topics::Topic};

/// Records folded at a time: bounds memory, and shares a round trip.
const BATCH: usize = 500;
/// Without a record and without the end for this long, the broker counts as unavailable.
const SILENCE: Duration = Duration::from_secs(20);
/// Topics being read at a time: each has a client of its own, which takes a moment to find its place.
const AHEAD: usize = 6;

/// The next offset of each partition; the beginning where nothing is said.
pub(crate) type Places = BTreeMap<(Topic, i32), i64>;

/// Topics that are read one after the other; the next ones have been begun.
pub(super) struct Readings<'l> {
    log: &'l KafkaLog,
    from: Places,
    left: std::vec::IntoIter<Topic>,
    begun: VecDeque<Reading>,
}

/// A topic being read on a thread of its own.
pub(super) struct Reading {
    /// What is read.
    pub topic: Topic,
    batches: mpsc::Receiver<Vec<Raw>>,
    thread: JoinHandle<Result<(), Fault>>,
}

impl<'l> Readings<'l> {
    /// Of these topics, in this order, from their beginning.
    pub fn of(log: &'l KafkaLog, topics: Vec<Topic>) -> Self {
        Self::from(log, topics, Places::new())
    }

    /// Of these topics, in this order, from these places on.
    pub fn from(log: &'l KafkaLog, topics: Vec<Topic>, from: Places) -> Self {
        Self { log, from, left: topics.into_iter(), begun: VecDeque::new() }
    }

    /// The next topic.
    pub fn next(&mut self) -> Option<Reading> {
        while self.begun.len() < AHEAD
            && let Some(topic) = self.left.next()
        {
            self.begun.push_back(Reading::begin(self.log, topic, self.from.clone()));
        }
        self.begun.pop_front()
    }
}

impl Reading {
    fn begin(log: &KafkaLog, topic: Topic, from: Places) -> Self {
        let (sender, batches) = mpsc::channel(2);
        let log = log.clone();
        let thread = tokio::task::spawn_blocking(move || log.read(topic, &from, &sender));
        Self { topic, batches, thread }
    }

    /// The next records; none at the end.
    pub async fn batch(&mut self) -> Option<Vec<Raw>> {
        self.batches.recv().await
    }

    /// Whether the topic was read to its end.
    ///
    /// # Errors
    /// `Transient` when the broker did not answer.
    pub async fn ended(self) -> Result<(), Fault> {
        self.thread.await.map_err(|error| Fault::fatal("replay_stopped", error.to_string()))?
    }
}

/// A topic that is read from its beginning, or from a place on, outside the group; committed records only.
pub(super) struct FromBeginning<'l> {
    log: &'l KafkaLog,
    consumer: BaseConsumer<Silent>,
    /// Partitions whose end was not met yet.
    open: BTreeSet<i32>,
}

/// What came while waiting for a record.
#[allow(clippy::large_enum_variant)] // one at a time, and gone at once
pub(super) enum Came {
    /// A record.
    Record(Raw),
    /// The end of a partition, or what is no record of this topic.
    Other,
    /// Nothing.
    Nothing,
}

impl<'l> FromBeginning<'l> {
    /// Begins at the beginning, to be followed behind the end too. Blocks.
    pub fn followed(log: &'l KafkaLog, topic: Topic) -> Result<Self, Fault> {
        Self::with(log.follower()?, log, topic, &Places::new())
    }

    /// Begins at these places. Blocks.
    pub fn at(log: &'l KafkaLog, topic: Topic, from: &Places) -> Result<Self, Fault> {
        Self::with(log.reader()?, log, topic, from)
    }

    fn with(
        consumer: BaseConsumer<Silent>,
        log: &'l KafkaLog,
        topic: Topic,
        from: &Places,
    ) -> Result<Self, Fault> {
        let open: BTreeSet<i32> = log.partitions(&consumer, topic)?.into_iter().collect();
        let mut list = TopicPartitionList::new();
        for partition in &open {
            let name = log.names.topic(topic);
            let begin =
                from.get(&(topic, *partition)).map_or(Offset::Beginning, |next| Offset::Offset(*next));
            list.add_partition_offset(&name, *partition, begin).map_err(unavailable)?;
        }
        consumer.assign(&list).map_err(unavailable)?;
        Ok(Self { log, consumer, open })
    }

    /// Whether every partition has been at its end; true of a topic that does not exist.
    pub fn was_at_end(&self) -> bool {
        self.open.is_empty()
    }

    /// What comes next, within this time. Blocks.
    pub fn next(&mut self, patience: Duration) -> Result<Came, Fault> {
        match self.consumer.poll(patience) {
            Some(Ok(message)) => Ok(match origin(&message, &self.log.names) {
                Some(place) => Came::Record(self.log.raw(place, message.detach())),
                None => Came::Other,
            }),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.open.remove(&partition);
                Ok(Came::Other)
            }
            Some(Err(error)) => Err(unavailable(error)),
            None => Ok(Came::Nothing),
        }
    }
}

impl KafkaLog {
    /// Sends all of a topic behind these places, in batches, until every partition has been at its end.
    ///
    /// Committed records only; the client reports the end of a partition at the last stable offset, and since every
    /// writer has settled or been fenced by now, nothing of ours is behind it.
    fn read(&self, topic: Topic, from: &Places, batches: &mpsc::Sender<Vec<Raw>>) -> Result<(), Fault> {
        let mut reader = FromBeginning::at(self, topic, from)?;
        let mut batch = Vec::with_capacity(BATCH);
        while !reader.was_at_end() {
            match reader.next(SILENCE)? {
                Came::Record(raw) => batch.push(raw),
                Came::Other => {}
                Came::Nothing => {
                    return Err(Fault::transient(
                        "kafka_unavailable",
                        format!("no answer while reading {topic}"),
                    ));
                }
            }
            // A closed channel means that the fold has failed; its fault is the one that counts.
            if (batch.len() >= BATCH || reader.was_at_end())
                && batches.blocking_send(std::mem::take(&mut batch)).is_err()
            {
                return Ok(());
            }
        }
        Ok(())
    }
}
