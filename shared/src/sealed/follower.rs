//! Follows `customer.keys` from its beginning and keeps the wrapped keys in Redis, where every instance of the
//! service finds them. An OS thread with a consumer of its own and no group: it commits nothing, each instance reads
//! everything.
//!
//! Redis holds the fold of the log up to the offsets saved beside it, both written by one script (`follow.lua`), so
//! a flush is noticed and answered by reading again from the beginning.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        LazyLock,
        mpsc::{Receiver, TryRecvError},
    },
    thread,
    time::Duration,
};

use anyhow::Context;
use moka::sync::Cache;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::BorrowedMessage,
};
use redis::{Commands, Connection, Script};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::DataKey;
use crate::runtime::Silent;

static FOLLOW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("follow.lua")));

/// Most records in one write to Redis.
const BATCH: usize = 500;
/// How long one poll may wait, and so how long a question may go unnoticed.
const POLL: Duration = Duration::from_millis(20);
/// How long to wait after a failure before trying again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long Kafka or Redis may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Somebody waits until everything that is on the topic now is in Redis.
pub(super) type Question = oneshot::Sender<()>;

/// What the follower works with.
pub(super) struct Follower {
    /// How to reach Kafka.
    pub kafka: ClientConfig,
    /// The topic's name on the broker.
    pub topic: String,
    /// How to reach Redis.
    pub redis: redis::Client,
    /// The start of every key of ours in Redis.
    pub prefix: String,
    /// Keys in memory, to forget when they are erased.
    pub cache: Cache<Uuid, (String, DataKey)>,
}

/// A record on its way into Redis.
struct Entry {
    partition: i32,
    offset: i64,
    key_id: Option<Uuid>,
    /// Empty: a tombstone.
    value: Vec<u8>,
}

/// One reading of the topic, from where Redis is.
struct Round {
    consumer: BaseConsumer<Silent>,
    redis: Connection,
    /// The next offset of each partition that is not in Redis yet.
    next: BTreeMap<i32, i64>,
    /// Partitions whose end has not been met since the round began.
    behind: BTreeSet<i32>,
}

impl Follower {
    /// Follows until the other end of `questions` is dropped.
    pub(super) fn run(self, questions: &Receiver<Question>) {
        // Bounded by whoever still waits: they give up by themselves after a while.
        let mut waiting: Vec<Question> = Vec::new();
        loop {
            waiting.retain(|question| !question.is_closed());
            match questions.try_recv() {
                Ok(question) => waiting.push(question),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => match self.follow(questions, &mut waiting) {
                    Ok(()) => return,
                    Err(failure) => {
                        let failure = format!("{failure:#}");
                        tracing::warn!(
                            topic = self.topic,
                            failure,
                            "the customers' keys cannot be followed now"
                        );
                        thread::sleep(PAUSE);
                    }
                },
            }
        }
    }

    /// Follows with one consumer. Every question begins a new round, which is answered where all partitions meet
    /// their end: what was on the topic when it was asked has been read then. (Comparing offsets would not do: after
    /// compaction the last offset of a partition may hold nothing.)
    fn follow(&self, questions: &Receiver<Question>, waiting: &mut Vec<Question>) -> anyhow::Result<()> {
        let mut round = self.first_round()?;
        loop {
            let entries = round.read()?;
            if !self.write(&mut round, &entries)? {
                tracing::info!(
                    topic = self.topic,
                    "Redis has forgotten the customers' keys; reading them again"
                );
                self.begin(&mut round)?;
            }
            if !round.behind.is_empty() {
                continue;
            }
            for question in waiting.drain(..) {
                let _ = question.send(()); // an error: they have given up
            }
            match questions.try_recv() {
                Ok(question) => {
                    waiting.push(question);
                    waiting.extend(questions.try_iter());
                    self.begin(&mut round)?;
                }
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    fn first_round(&self) -> anyhow::Result<Round> {
        let redis = self.redis.get_connection_with_timeout(ANSWER).context("Redis does not answer")?;
        redis.set_read_timeout(Some(ANSWER))?;
        redis.set_write_timeout(Some(ANSWER))?;
        let consumer = BaseConsumer::from_config_and_context(&self.kafka, Silent)?;
        let mut round = Round { consumer, redis, next: BTreeMap::new(), behind: BTreeSet::new() };
        self.begin(&mut round)?;
        Ok(round)
    }

    /// Begins where Redis is, in every partition there is now.
    fn begin(&self, round: &mut Round) -> anyhow::Result<()> {
        let metadata = round.consumer.fetch_metadata(Some(&self.topic), ANSWER)?;
        let partitions = metadata.topics().first().map(|topic| topic.partitions()).unwrap_or_default();
        anyhow::ensure!(!partitions.is_empty(), "the topic {} does not exist yet", self.topic);
        let saved: BTreeMap<i32, i64> = round.redis.hgetall(self.offsets())?;
        let place = |partition: i32| (partition, saved.get(&partition).copied().unwrap_or(0));
        round.next = partitions.iter().map(|partition| place(partition.id())).collect();
        round.behind = round.next.keys().copied().collect();
        let mut assignment = TopicPartitionList::new();
        for (partition, offset) in &round.next {
            // Offset 0 of a compacted topic may be gone: `auto.offset.reset` finds the first there is.
            assignment.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        Ok(round.consumer.assign(&assignment)?)
    }

    /// Puts records into Redis; false when Redis holds less than the offset they begin at.
    fn write(&self, round: &mut Round, entries: &[Entry]) -> anyhow::Result<bool> {
        for (partition, next) in &mut round.next {
            let mine: Vec<&Entry> = entries.iter().filter(|entry| entry.partition == *partition).collect();
            let Some(last) = mine.last() else { continue };
            let end = last.offset + 1;
            let mut call = FOLLOW.key(format!("{}key:", self.prefix));
            call.key(self.offsets()).arg(*partition).arg(*next).arg(end);
            for entry in &mine {
                let Some(key_id) = entry.key_id else {
                    let offset = entry.offset;
                    tracing::error!(
                        partition,
                        offset,
                        "a record of the customers' keys has an odd Kafka key; skipped"
                    );
                    continue;
                };
                call.arg(entry.offset).arg(key_id.to_string()).arg(entry.value.as_slice());
                if entry.value.is_empty() {
                    self.cache.invalidate(&key_id);
                }
            }
            if !call.invoke::<bool>(&mut round.redis).context("Redis does not take the customers' keys")? {
                return Ok(false);
            }
            *next = end;
        }
        Ok(true)
    }

    fn offsets(&self) -> String {
        format!("{}offsets", self.prefix)
    }
}

impl Round {
    /// What has come in, possibly nothing; any error ends the round.
    fn read(&mut self) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut patience = POLL;
        while entries.len() < BATCH {
            match self.consumer.poll(patience) {
                None => break,
                Some(Ok(message)) => entries.push(entry(&message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.behind.remove(&partition);
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
    let key_id = key.and_then(|key| key.rsplit_once('/')).and_then(|(_, id)| Uuid::parse_str(id).ok());
    Entry {
        partition: message.partition(),
        offset: message.offset(),
        key_id,
        value: message.payload().unwrap_or_default().to_vec(),
    }
}
