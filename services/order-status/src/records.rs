//! Single records, read from the log by their places: what no timeline keeps.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use orderflow::topics::{ALL, Topic};
use orderflow_letters::{Access, reading::consumer, values::Values};
use rdkafka::{
    Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::OwnedMessage,
    topic_partition_list::Offset,
};
use serde_json::Value;

use crate::entry::Entry;

/// Without an answer for this long, the broker counts as gone.
const SILENCE: Duration = Duration::from_secs(5);
/// Most records read for one answer: a person acts on an order a few times.
pub const MOST: usize = 64;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its topic.
    pub topic: Topic,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl Place {
    /// Where an entry's record stands; `None` where a version before has not kept that.
    pub fn of(entry: &Entry) -> Option<Self> {
        let name = entry.topic();
        let topic = ALL.into_iter().find(|topic| topic.name() == name)?;
        Some(Self { topic, partition: entry.partition?, offset: entry.offset })
    }
}

/// The log, as a port: routes can be tested without Kafka.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// The values at these places as JSON, without what is secret; a record that is gone, or cannot be read, is absent.
    ///
    /// # Errors
    /// When Kafka or the registry does not answer.
    async fn read(&self, places: Vec<Place>) -> Result<HashMap<Place, Value>>;
}

#[async_trait]
impl Records for Access {
    async fn read(&self, places: Vec<Place>) -> Result<HashMap<Place, Value>> {
        let access = self.clone();
        let found = tokio::task::spawn_blocking(move || fetch(&access, &places)).await??;
        let mut values = Values::new(self.registry.clone())?;
        let mut read = HashMap::new();
        for (place, message) in found {
            if let Ok(decoded) = values.decode_bytes(message.payload()).await? {
                read.insert(place, decoded.shown);
            }
        }
        Ok(read)
    }
}

fn fetch(access: &Access, places: &[Place]) -> Result<Vec<(Place, OwnedMessage)>> {
    let consumer = consumer(&access.config)?;
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        let message = one(&consumer, &access.names.topic(place.topic), *place)?;
        found.extend(message.map(|message| (*place, message)));
    }
    Ok(found)
}

/// The record at a place, if it is still there.
fn one(consumer: &BaseConsumer, topic: &str, place: Place) -> Result<Option<OwnedMessage>> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, place.partition, Offset::Offset(place.offset))?;
    consumer.assign(&list)?;
    match consumer.poll(SILENCE).context("Kafka gives no answer")? {
        Ok(message) => Ok((message.offset() == place.offset).then(|| message.detach())),
        // Removed by retention, or the topic is another one now.
        Err(KafkaError::PartitionEOF(_)) => Ok(None),
        Err(KafkaError::MessageConsumption(code)) if is_gone(code) => Ok(None),
        Err(error) => Err(error).context("Kafka does not answer"),
    }
}

fn is_gone(code: rdkafka::types::RDKafkaErrorCode) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AutoOffsetReset
            | Code::OffsetOutOfRange
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
    )
}
