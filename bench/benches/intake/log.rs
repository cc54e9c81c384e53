//! What is on the log in the end.

use std::time::Duration;

use anyhow::{Context, Result};
use orderflow::topics::ORDERS;
use orderflow_cli::connection::Connection;
use rdkafka::consumer::{BaseConsumer, Consumer};

const WAIT: Duration = Duration::from_secs(10);

/// How many records are on the topic `orders`.
pub async fn records(place: &Connection) -> Result<usize> {
    let (config, topic) = (place.kafka_config(), place.names().topic(ORDERS));
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = config.create()?;
        let metadata = consumer.fetch_metadata(Some(&topic), WAIT)?;
        let partitions = metadata.topics().first().context("there is no such topic")?.partitions();
        let count = |partition: i32| anyhow::Ok(consumer.fetch_watermarks(&topic, partition, WAIT)?.1);
        let records: i64 = partitions.iter().map(|one| count(one.id())).sum::<Result<i64>>()?;
        Ok(usize::try_from(records)?)
    })
    .await?
}
