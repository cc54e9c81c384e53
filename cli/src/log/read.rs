//! Topics from their beginning to their end as it was when reading began.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};
use orderflow::{
    catalogue::Catalogue,
    topics::{Names, Topic},
};
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{BorrowedMessage, OwnedMessage},
    topic_partition_list::Offset,
};

use super::Entry;

/// How long the broker may take for one question.
pub(super) const ASK: Duration = Duration::from_secs(10);
/// Without a record or an end for this long, the broker counts as gone.
const SILENCE: Duration = Duration::from_secs(20);

/// Every committed record of `topics`, and with `put_aside` of every group's dead letters and of the journals of what
/// waits behind them, up to the ends as they are when this is called. Topics that do not exist are empty.
///
/// # Errors
/// When the broker does not answer, or a prefix of a topic's partition cannot be read.
pub async fn read(
    config: &ClientConfig,
    names: &Names,
    topics: &[Topic],
    put_aside: bool,
) -> Result<Vec<Entry>> {
    let (config, names, mut topics) = (config.clone(), names.clone(), topics.to_vec());
    if put_aside {
        topics.extend(self::put_aside()?);
    }
    let reading = move || {
        let mut entries = Vec::new();
        read_blocking(&config, &names, &topics, |message| entries.extend(Entry::of(message, &names)))?;
        Ok(entries)
    };
    tokio::task::spawn_blocking(reading).await?
}

/// The same, as it is on the wire.
///
/// # Errors
/// As [`read`].
pub async fn read_raw(config: &ClientConfig, names: &Names, topics: &[Topic]) -> Result<Vec<OwnedMessage>> {
    let (config, names, topics) = (config.clone(), names.clone(), topics.to_vec());
    let reading = move || {
        let mut messages = Vec::new();
        read_blocking(&config, &names, &topics, |message| messages.push(message.detach()))?;
        Ok(messages)
    };
    tokio::task::spawn_blocking(reading).await?
}

fn read_blocking(
    config: &ClientConfig,
    names: &Names,
    topics: &[Topic],
    mut take: impl FnMut(&BorrowedMessage<'_>),
) -> Result<()> {
    let consumer = consumer(config)?;
    let wanted: Vec<String> = topics.iter().map(|topic| names.topic(*topic)).collect();
    // All ends before the first record: what is read is no older than one moment, on every topic.
    let mut ends: BTreeMap<String, BTreeMap<i32, i64>> = BTreeMap::new();
    for (topic, partition) in partitions(&consumer, &wanted)? {
        let ask = consumer.fetch_watermarks(&topic, partition, ASK);
        let (begin, end) = ask.context("Kafka does not tell where a topic ends")?;
        if end > begin {
            ends.entry(topic).or_default().insert(partition, end);
        }
    }
    for (topic, ends) in ends {
        read_topic(&consumer, &topic, ends, &mut take)?;
    }
    Ok(())
}

/// One topic at a time: the client tells of which partition it has found the end, but not of which topic.
fn read_topic(
    consumer: &BaseConsumer,
    topic: &str,
    mut ends: BTreeMap<i32, i64>,
    mut take: impl FnMut(&BorrowedMessage<'_>),
) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for partition in ends.keys() {
        list.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    while !ends.is_empty() {
        match consumer.poll(SILENCE) {
            Some(Ok(message)) => {
                let Some(end) = ends.get(&message.partition()).copied() else { continue };
                if message.offset() < end {
                    take(&message);
                }
                if message.offset() + 1 >= end {
                    ends.remove(&message.partition());
                }
            }
            // The last offsets may be transaction markers, which are no records.
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(ends.remove(&partition)),
            Some(Err(error)) => bail!("{topic} cannot be read: {error}"),
            None => bail!("Kafka gives no answer while reading {topic}"),
        }
    }
    Ok(())
}

/// A consumer that joins no group.
pub(super) fn consumer(config: &ClientConfig) -> Result<BaseConsumer> {
    let mut ours = config.clone();
    for (key, value) in [
        ("group.id", "orderflow-reader"),
        ("isolation.level", "read_committed"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "error"),
        ("fetch.wait.max.ms", "10"),
        ("fetch.queue.backoff.ms", "5"),
        ("queued.max.messages.kbytes", "16384"),
    ] {
        if config.get(key).is_none() {
            ours.set(key, value); // else the caller's word counts
        }
    }
    ours.create().context("cannot make a Kafka consumer")
}

/// The partitions of those topics that exist.
pub(super) fn partitions(consumer: &BaseConsumer, topics: &[String]) -> Result<Vec<(String, i32)>> {
    let metadata = consumer.fetch_metadata(None, ASK).context("Kafka does not answer")?;
    let ours = metadata.topics().iter().filter(|topic| topics.iter().any(|name| name == topic.name()));
    let pairs = ours.flat_map(|topic| topic.partitions().iter().map(|p| (topic.name().to_owned(), p.id())));
    Ok(pairs.collect())
}

/// The services with a group of their own.
///
/// # Errors
/// When the catalogue cannot be read.
pub fn groups() -> Result<Vec<String>> {
    Ok(Catalogue::load()?.groups().into_keys().map(str::to_owned).collect())
}

/// Every group's dead letters, those that are parked, and the journal of what waits behind them.
pub(super) fn put_aside() -> Result<Vec<Topic>> {
    let groups = Catalogue::load()?.groups().into_values().collect::<Vec<_>>();
    Ok(groups.into_iter().flat_map(|group| [group.dead_letters, group.parked, group.waiting]).collect())
}
