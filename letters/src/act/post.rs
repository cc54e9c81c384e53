//! Writes dead letters to another topic of their group.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use orderflow::topics::Topic;
use rdkafka::{
    Message,
    message::OwnedHeaders,
    producer::{FutureProducer, FutureRecord},
};

use crate::{Access, Letter};

/// How long the broker may take to acknowledge a record.
const PATIENCE: Duration = Duration::from_secs(20);

/// A producer for one topic.
pub(super) struct Post {
    topic: String,
    producer: FutureProducer,
}

impl Post {
    /// For this topic.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn to(topic: Topic, access: &Access) -> Result<Self> {
        let mut config = access.config.clone();
        // A key goes to the partition whose holder may let its successors go.
        config.set("enable.idempotence", "true").set("acks", "all").set("partitioner", "murmur2_random");
        let producer = config.create().context("cannot make a Kafka producer")?;
        Ok(Self { topic: access.names.topic(topic), producer })
    }

    /// Writes a letter's key and bytes with these headers, and returns once all in-sync replicas have it. With a time it
    /// is kept as long as a record of that time, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the broker does not take it.
    pub async fn send(&self, letter: &Letter, headers: OwnedHeaders, time: Option<i64>) -> Result<()> {
        self.send_value(letter, letter.raw.payload(), headers, time).await
    }

    /// The same with another value.
    ///
    /// # Errors
    /// When the broker does not take it.
    pub async fn send_value(
        &self,
        letter: &Letter,
        value: Option<&[u8]>,
        headers: OwnedHeaders,
        time: Option<i64>,
    ) -> Result<()> {
        let mut record: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(&self.topic).headers(headers);
        record.key = letter.raw.key();
        record.payload = value;
        record.timestamp = time;
        let sent = self.producer.send(record, PATIENCE).await;
        sent.map(drop).map_err(|(error, _)| anyhow!("{} was not accepted: {error}", letter.spot))
    }
}
