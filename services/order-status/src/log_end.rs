//! Where `orders` ends, as Kafka has it now.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use orderflow::fault::Fault;
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

/// How long Kafka may take to answer.
const ASK: Duration = Duration::from_secs(3);

/// First and end offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub partition: i32,
    pub first: i64,
    pub end: i64,
}

/// Tells where `orders` ends, as a port: routes can be tested without Kafka.
#[async_trait]
pub trait LogEnd: Send + Sync + 'static {
    /// Every partition's span.
    ///
    /// # Errors
    /// `Transient` when Kafka does not answer.
    async fn ends(&self) -> Result<Vec<Span>, Fault>;
}

/// Whether everything up to these ends is applied. A partition without records has nothing to wait for.
pub fn has_passed(applied: &HashMap<i32, i64>, ends: &[Span]) -> bool {
    let applied = |partition| applied.get(&partition).copied().unwrap_or(0);
    ends.iter().all(|span| span.first == span.end || applied(span.partition) >= span.end)
}

/// Asks the broker.
pub struct KafkaEnd {
    client: Arc<BaseConsumer>,
    topic: String,
}

impl KafkaEnd {
    /// For this topic, by its name on the broker.
    ///
    /// # Errors
    /// `Fatal` when no client can be made.
    pub fn new(config: &ClientConfig, topic: String) -> Result<Self, Fault> {
        let client = config
            .create()
            .map_err(|error| Fault::fatal("kafka_client", "cannot make a Kafka client").caused_by(error))?;
        Ok(Self { client: Arc::new(client), topic })
    }
}

#[async_trait]
impl LogEnd for KafkaEnd {
    async fn ends(&self) -> Result<Vec<Span>, Fault> {
        let (client, topic) = (Arc::clone(&self.client), self.topic.clone());
        let asked = tokio::task::spawn_blocking(move || spans(&client, &topic)).await;
        asked
            .map_err(|error| {
                Fault::fatal("task_stopped", "a question to Kafka was cut off").caused_by(error)
            })?
            .map_err(|error| Fault::transient("kafka_unavailable", "Kafka does not answer").caused_by(error))
    }
}

fn spans(client: &BaseConsumer, topic: &str) -> Result<Vec<Span>, KafkaError> {
    // The client subscribes to nothing: only its complaints of the past come out here, and must not pile up.
    while client.poll(Duration::ZERO).is_some() {}
    let metadata = client.fetch_metadata(Some(topic), ASK)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    partitions
        .map(|partition| {
            let (first, end) = client.fetch_watermarks(topic, partition.id(), ASK)?;
            Ok(Span { partition: partition.id(), first, end })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_passed_only_when_every_partition_with_records_is_applied() {
        let ends = [
            Span { partition: 0, first: 0, end: 7 },
            Span { partition: 1, first: 0, end: 0 },
            Span { partition: 2, first: 5, end: 5 },
        ];
        assert!(has_passed(&HashMap::from([(0, 7)]), &ends));
        assert!(has_passed(&HashMap::from([(0, 8), (1, 3)]), &ends));
        assert!(!has_passed(&HashMap::from([(0, 6)]), &ends));
        assert!(!has_passed(&HashMap::new(), &ends));
    }
}
