//! Records as bytes: written and read with nothing of the services' own code in between.

use std::{collections::BTreeSet, time::Duration};

use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::KafkaError,
    message::{Header, Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
    topic_partition_list::Offset,
};

const ASK: Duration = Duration::from_secs(20);

/// A record as it is on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Raw {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Raw {
    /// A record to be written.
    #[must_use]
    pub fn new(key: &str, value: Option<Vec<u8>>) -> Self {
        Self { key: Some(key.as_bytes().to_vec()), value, ..Self::default() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The last header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// The same as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.header(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

/// Commits an offset for a group that has no members.
pub async fn commit(config: &ClientConfig, group: &str, topic: &str, partition: i32, offset: i64) {
    let consumer: BaseConsumer = config.clone().set("group.id", group).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
    let commit = move || consumer.commit(&list, CommitMode::Sync).unwrap();
    tokio::task::spawn_blocking(commit).await.unwrap();
}

/// Deletes a partition's records before this offset.
pub async fn delete_before(config: &ClientConfig, topic: &str, partition: i32, offset: i64) {
    delete(config, topic, partition, Offset::Offset(offset)).await;
}

/// Deletes all records of a partition.
pub async fn delete_all(config: &ClientConfig, topic: &str, partition: i32) {
    delete(config, topic, partition, Offset::End).await;
}

async fn delete(config: &ClientConfig, topic: &str, partition: i32, before: Offset) {
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, before).unwrap();
    admin.delete_records(&list, &AdminOptions::new()).await.unwrap();
}

/// Removes every topic whose name begins with this prefix. What the broker refuses stays.
pub async fn delete_topics(config: &ClientConfig, prefix: &str) {
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let metadata = admin.inner().fetch_metadata(None, ASK).unwrap();
    let topics = metadata.topics().iter().map(|topic| topic.name());
    let ours: Vec<&str> = topics.filter(|name| name.starts_with(prefix)).collect();
    let _ = admin.delete_topics(&ours, &AdminOptions::new()).await;
}

/// Writes a record; returns it with its partition and offset.
pub async fn write(config: &ClientConfig, topic: &str, record: Raw) -> Raw {
    let producer: FutureProducer =
        config.clone().set("partitioner", "murmur2_random").set("linger.ms", "0").create().unwrap();
    let mut headers = OwnedHeaders::new();
    for (key, value) in &record.headers {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    let mut message: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(topic).headers(headers);
    message.key = record.key.as_deref();
    message.payload = record.value.as_deref();
    let placed = producer.send(message, ASK).await.unwrap();
    Raw { partition: placed.partition, offset: placed.offset, ..record }
}

/// Every committed record of a topic, up to its end.
pub async fn read(config: &ClientConfig, topic: &str) -> Vec<Raw> {
    let (config, topic) = (config.clone(), topic.to_owned());
    tokio::task::spawn_blocking(move || read_blocking(config, &topic)).await.unwrap()
}

fn read_blocking(mut config: ClientConfig, topic: &str) -> Vec<Raw> {
    config
        .set("group.id", "raw-reader")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10");
    let consumer: BaseConsumer = config.create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), ASK).unwrap();
    let mut open: BTreeSet<i32> = metadata.topics()[0].partitions().iter().map(|p| p.id()).collect();
    let mut list = TopicPartitionList::new();
    for partition in &open {
        list.add_partition_offset(topic, *partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut records = Vec::new();
    while !open.is_empty() {
        match consumer.poll(ASK) {
            Some(Ok(message)) => records.push(of(&message)),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            other => panic!("{topic} cannot be read: {other:?}"),
        }
    }
    records
}

fn of(message: &impl Message) -> Raw {
    let headers = message
        .headers()
        .into_iter()
        .flat_map(|headers| headers.iter())
        .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()));
    Raw {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.collect(),
    }
}
