//! Follows `customer.keys` from its beginning and folds it into Redis, where every instance of the service finds what
//! follows from it. An OS thread with a consumer of its own and no group: it commits nothing, each instance reads
//! everything. The service's end of it is [`super::following`].
//!
//! Redis holds the fold of the log up to the offsets saved beside it, both written by one script, so a flush is noticed
//! and answered by reading again from the beginning.

mod round;

use std::{
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::Duration,
};

use anyhow::Context;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
};
use redis::{Commands, Script};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use self::round::{Entry, Round};
use super::following::Offsets;
use crate::runtime::Silent;

/// How long to wait after a failure before trying again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long Kafka or Redis may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Somebody waits until everything that is on the topic now is in Redis.
pub(super) struct Question {
    /// Told when it is.
    pub answer: oneshot::Sender<()>,
    /// Whether to look what Redis has, and to read on from there.
    pub anew: bool,
}

/// Drops an erased key, by customer and key id.
pub(super) type Forget = dyn Fn(&str, Uuid) + Send;

/// What the follower works with.
pub(super) struct Follower {
    /// How to reach Kafka.
    pub kafka: ClientConfig,
    /// The topic's name on the broker.
    pub topic: String,
    /// How to reach Redis.
    pub redis: redis::Client,
    /// What a stretch of the topic does to Redis.
    pub fold: &'static Script,
    /// The start of every key it changes.
    pub keys: String,
    /// Where the offsets are saved.
    pub offsets: String,
    /// For the keys in memory.
    pub forget: Box<Forget>,
    /// Told how far the topic is in Redis; nothing while it cannot be followed.
    pub progress: watch::Sender<Option<Offsets>>,
}

impl Follower {
    /// Follows until the other end of `questions` is dropped.
    pub(super) fn run(self, questions: &Receiver<Question>) {
        // Bounded by whoever still waits: they give up by themselves after a while.
        let mut waiting: Vec<Question> = Vec::new();
        // Kept beyond a failure: a tombstone that only another instance has read must still reach this memory.
        let mut followed = Offsets::new();
        loop {
            waiting.retain(|question| !question.answer.is_closed());
            match questions.try_recv() {
                Ok(question) => waiting.push(question),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => match self.follow(questions, &mut waiting, &mut followed) {
                    Ok(()) => return,
                    Err(failure) => {
                        self.progress.send_replace(None);
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

    /// Follows with one consumer, and answers questions where the end is met that the topic had when they were asked.
    fn follow(
        &self,
        questions: &Receiver<Question>,
        waiting: &mut Vec<Question>,
        followed: &mut Offsets,
    ) -> anyhow::Result<()> {
        let mut round = self.first_round(followed)?;
        loop {
            let entries = round.read()?;
            if !self.write(&mut round, &entries)? {
                tracing::info!(
                    topic = self.topic,
                    "Redis has forgotten the customers' keys; reading them again"
                );
                self.begin(&mut round)?;
            }
            followed.clone_from(&round.next);
            if round.is_caught_up() {
                self.tell(&round.next);
                for question in waiting.drain(..) {
                    let _ = question.answer.send(()); // an error: they have given up
                }
            } else if round.is_late() {
                self.begin(&mut round)?;
            }
            match questions.try_recv() {
                Ok(question) => {
                    let known = waiting.len();
                    waiting.push(question);
                    waiting.extend(questions.try_iter());
                    if waiting[known..].iter().any(|question| question.anew) {
                        self.begin(&mut round)?;
                    } else {
                        round.aim(self.ends(&round.asking)?);
                    }
                }
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    fn first_round(&self, followed: &Offsets) -> anyhow::Result<Round> {
        let redis = self.redis.get_connection_with_timeout(ANSWER).context("Redis does not answer")?;
        redis.set_read_timeout(Some(ANSWER))?;
        redis.set_write_timeout(Some(ANSWER))?;
        let client = || BaseConsumer::from_config_and_context(&self.kafka, Silent);
        let mut round = Round::new(client()?, client()?, redis, followed.clone());
        self.begin(&mut round)?;
        Ok(round)
    }

    /// Begins where Redis is, in every partition there is now; but not after what this process has read itself: what
    /// another instance has put into Redis since then has not been here yet.
    fn begin(&self, round: &mut Round) -> anyhow::Result<()> {
        let ends = self.ends(&round.asking)?;
        anyhow::ensure!(!ends.is_empty(), "the topic {} does not exist yet", self.topic);
        let saved: Offsets = round.redis.hgetall(&self.offsets)?;
        round.begin(ends, &saved);
        let mut assignment = TopicPartitionList::new();
        for (partition, offset) in &round.next {
            // Offset 0 of a compacted topic may be gone: `auto.offset.reset` finds the first there is.
            assignment.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        Ok(round.consumer.assign(&assignment)?)
    }

    /// Where each partition ends now.
    fn ends(&self, consumer: &BaseConsumer<Silent>) -> anyhow::Result<Offsets> {
        let _ = consumer.poll(Duration::ZERO); // it reads nothing, but its errors want to be heard
        let metadata = consumer.fetch_metadata(Some(&self.topic), ANSWER)?;
        let partitions = metadata.topics().first().map(|topic| topic.partitions()).unwrap_or_default();
        let end = |partition: i32| {
            let (_, end) = consumer.fetch_watermarks(&self.topic, partition, ANSWER)?;
            Ok((partition, end))
        };
        partitions.iter().map(|partition| end(partition.id())).collect()
    }

    /// Puts records into Redis; false when Redis holds less than the offset they begin at.
    fn write(&self, round: &mut Round, entries: &[Entry]) -> anyhow::Result<bool> {
        for partition in round.partitions() {
            let mine: Vec<&Entry> = entries.iter().filter(|entry| entry.partition == partition).collect();
            let Some((next, end)) = round.stretch(partition, mine.last().map(|entry| entry.offset)) else {
                continue;
            };
            let mut call = self.fold.key(&self.keys);
            call.key(&self.offsets).arg(partition).arg(next).arg(end);
            for entry in mine {
                let Some((customer, key_id)) = &entry.key else {
                    let offset = entry.offset;
                    tracing::error!(
                        partition,
                        offset,
                        "a record of the customers' keys has an odd Kafka key; skipped"
                    );
                    continue;
                };
                call.arg(entry.offset).arg(customer).arg(key_id.to_string()).arg(entry.value.as_slice());
                if entry.value.is_empty() {
                    (self.forget)(customer, *key_id);
                }
            }
            if !call.invoke::<bool>(&mut round.redis).context("Redis does not take the customers' keys")? {
                return Ok(false);
            }
            round.next.insert(partition, end);
        }
        Ok(true)
    }

    fn tell(&self, next: &Offsets) {
        self.progress.send_if_modified(|told| {
            let is_news = told.as_ref() != Some(next);
            if is_news {
                *told = Some(next.clone());
            }
            is_news
        });
    }
}
