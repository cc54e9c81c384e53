//! Gathers what an environment leaves behind: every record as readers of committed ones see it, bytes and headers, nothing
//! decoded; and where the rest is.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, bail};
use orderflow::config::Delivery;
use orderflow_cli::environment::Environment;
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{BorrowedMessage, Headers},
    topic_partition_list::Offset,
};
use secrecy::ExposeSecret;

use super::evidence::{Answer, Evidence, Injected, RawRecord};

/// Without a record or an end for this long, the broker counts as gone.
const SILENCE: Duration = Duration::from_secs(30);

/// What an environment at rest leaves behind, with what only the caller knows of it.
///
/// # Errors
/// When the broker does not answer.
pub async fn evidence(
    environment: &Environment,
    delivery: Delivery,
    journal: Vec<Answer>,
    injected: Vec<Injected>,
) -> Result<Evidence> {
    let connection = environment.connection();
    Ok(Evidence {
        records: records(&connection.kafka_config(), &connection.prefix).await?,
        journal,
        gateway_ledger: environment.gateway_ledger(),
        carrier_ledger: environment.carrier_ledger(),
        labels: environment.label_store(),
        redis: connection.servers.redis.url().expose_secret().to_owned(),
        prefix: connection.prefix.clone(),
        delivery,
        registry: connection.servers.registry.url.clone(),
        injected,
    })
}

/// Every committed record of every topic whose name begins with `prefix`, in order of offsets per partition.
///
/// # Errors
/// When the broker does not answer.
pub async fn records(config: &ClientConfig, prefix: &str) -> Result<Vec<RawRecord>> {
    let (config, prefix) = (config.clone(), prefix.to_owned());
    tokio::task::spawn_blocking(move || read(config, &prefix)).await?
}

fn read(mut config: ClientConfig, prefix: &str) -> Result<Vec<RawRecord>> {
    config
        .set("group.id", "checker")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10");
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(None, SILENCE).context("Kafka does not tell its topics")?;
    let mut records = Vec::new();
    for topic in metadata.topics().iter().filter(|topic| topic.name().starts_with(prefix)) {
        let partitions = topic.partitions().iter().map(|partition| partition.id()).collect();
        read_topic(&consumer, topic.name(), partitions, &mut records)?;
    }
    records.sort_by(|a: &RawRecord, b| {
        (&a.topic, a.partition, a.offset).cmp(&(&b.topic, b.partition, b.offset))
    });
    Ok(records)
}

/// One topic at a time: an end names its partition only.
fn read_topic(
    consumer: &BaseConsumer,
    topic: &str,
    mut open: BTreeSet<i32>,
    records: &mut Vec<RawRecord>,
) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for partition in &open {
        list.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    while !open.is_empty() {
        match consumer.poll(SILENCE) {
            Some(Ok(message)) if message.topic() == topic => records.push(raw(&message)),
            Some(Ok(_)) => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(error)) => return Err(error).with_context(|| format!("{topic} cannot be read")),
            None => bail!("{topic} has partitions without an end: {open:?}"),
        }
    }
    Ok(())
}

fn raw(message: &BorrowedMessage<'_>) -> RawRecord {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    RawRecord {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or_default(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
    }
}
