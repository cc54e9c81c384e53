//! Topics from their beginning to their end as it was when reading began: committed records only.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use orderflow::topics::{Names, Topic};
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{
        KafkaError, KafkaResult,
        RDKafkaErrorCode::{LeaderNotAvailable, NotLeaderForPartition},
    },
    message::{BorrowedMessage, OwnedMessage},
    topic_partition_list::Offset,
};

/// How long the broker may take for one question.
pub const ASK: Duration = Duration::from_secs(10);
/// Without a record or an end for this long, the broker counts as gone.
const SILENCE: Duration = Duration::from_secs(20);
/// Before a question is asked again.
const AGAIN: Duration = Duration::from_millis(100);

/// Every committed record of the topics of these names, as it is on the wire, up to the ends as they are when this is
/// called. Topics that do not exist are empty.
///
/// # Errors
/// When the broker does not answer, or a prefix of a topic's partition cannot be read.
pub async fn read_named(config: &ClientConfig, wanted: Vec<String>) -> Result<Vec<OwnedMessage>> {
    let config = config.clone();
    let reading = move || {
        let mut messages = Vec::new();
        read_blocking(&config, &wanted, |message| messages.push(message.detach()))?;
        Ok(messages)
    };
    tokio::task::spawn_blocking(reading).await?
}

/// The same of one of ours.
///
/// # Errors
/// As [`read_named`].
pub async fn read_topic(config: &ClientConfig, names: &Names, topic: Topic) -> Result<Vec<OwnedMessage>> {
    read_named(config, vec![names.topic(topic)]).await
}

/// The same, told one by one.
///
/// # Errors
/// As [`read_named`].
pub fn read_blocking(
    config: &ClientConfig,
    wanted: &[String],
    mut take: impl FnMut(&BorrowedMessage<'_>),
) -> Result<()> {
    let consumer = consumer(config)?;
    // All ends before the first record: what is read is no older than one moment, on every topic.
    let mut ends: BTreeMap<String, BTreeMap<i32, i64>> = BTreeMap::new();
    for (topic, partition) in partitions(&consumer, wanted)? {
        let (begin, end) =
            extent(&consumer, &topic, partition).context("Kafka does not tell where a topic ends")?;
        if end > begin {
            ends.entry(topic).or_default().insert(partition, end);
        }
    }
    for (topic, ends) in ends {
        read_one(&consumer, &topic, ends, &mut take)?;
    }
    Ok(())
}

/// Where a partition begins and ends. For a moment after it was made, or has moved, the broker that is named as its
/// leader does not know of it yet: librdkafka does not ask again by itself.
fn extent(consumer: &BaseConsumer, topic: &str, partition: i32) -> KafkaResult<(i64, i64)> {
    let begun = Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, ASK) {
            Err(KafkaError::MetadataFetch(NotLeaderForPartition | LeaderNotAvailable))
                if begun.elapsed() < ASK =>
            {
                thread::sleep(AGAIN);
            }
            answer => return answer,
        }
    }
}

/// One topic at a time: the client tells of which partition it has found the end, but not of which topic.
fn read_one(
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
///
/// # Errors
/// When none can be made of these settings.
pub fn consumer(config: &ClientConfig) -> Result<BaseConsumer> {
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
///
/// # Errors
/// When the broker does not answer.
pub fn partitions(consumer: &BaseConsumer, topics: &[String]) -> Result<Vec<(String, i32)>> {
    let metadata = consumer.fetch_metadata(None, ASK).context("Kafka does not answer")?;
    let ours = metadata.topics().iter().filter(|topic| topics.iter().any(|name| name == topic.name()));
    let pairs = ours.flat_map(|topic| topic.partitions().iter().map(|p| (topic.name().to_owned(), p.id())));
    Ok(pairs.collect())
}
