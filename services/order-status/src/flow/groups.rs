//! How far each service on the path has read, asked of Kafka; of clients that are made when somebody looks first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use orderflow::topics::Topic;
use orderflow_letters::{
    Access,
    reading::{consumer, partitions},
};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    topic_partition_list::Offset,
};

use super::hops::{HOPS, Hop};

/// How long the broker may take for one question: somebody is looking.
const ASK: Duration = Duration::from_secs(2);
/// For how long the partitions of topics are taken as known.
const KNOWN: Duration = Duration::from_secs(60);

/// Where the topics end, and how far the groups have come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Positions {
    /// Where each partition ends: behind its last committed record.
    pub ends: HashMap<(Topic, i32), i64>,
    /// Of each service that has a group.
    pub groups: HashMap<&'static str, Group>,
}

/// How far a group has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The next record of each partition; absent where it has read none.
    pub committed: HashMap<(Topic, i32), i64>,
    /// How many instances are in it.
    pub instances: usize,
}

/// The groups, as a port: routes can be tested without Kafka.
#[async_trait]
pub trait Groups: Send + Sync + 'static {
    /// Where all of them are now.
    ///
    /// # Errors
    /// When Kafka does not answer.
    async fn positions(&self) -> Result<Positions>;
}

/// Asks the broker.
pub struct KafkaGroups {
    access: Access,
    clients: Arc<Mutex<Option<Clients>>>,
}

struct Clients {
    /// Of each hop that reads, in its group's name, without being a member of it.
    groups: Vec<(&'static Hop, BaseConsumer)>,
    partitions: Vec<(String, i32)>,
    learnt: Instant,
}

impl KafkaGroups {
    /// On these servers.
    pub fn new(access: Access) -> Self {
        Self { access, clients: Arc::default() }
    }
}

#[async_trait]
impl Groups for KafkaGroups {
    async fn positions(&self) -> Result<Positions> {
        let (access, clients) = (self.access.clone(), Arc::clone(&self.clients));
        let ask = move || {
            let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
            let known = clients.take().filter(|clients| clients.learnt.elapsed() < KNOWN);
            let known = known.map_or_else(|| Clients::new(&access), Ok)?;
            let positions = known.positions(&access)?;
            *clients = Some(known); // after a failure they are made anew
            Ok(positions)
        };
        tokio::task::spawn_blocking(ask).await?
    }
}

impl Clients {
    fn new(access: &Access) -> Result<Self> {
        let client = |hop: &'static Hop| {
            let mut config = access.config.clone();
            config.set("group.id", access.names.group(hop.service));
            Ok((hop, consumer(&config)?))
        };
        let groups: Vec<_> =
            HOPS.iter().filter(|hop| !hop.reads.is_empty()).map(client).collect::<Result<_>>()?;
        let mut topics: Vec<String> =
            HOPS.iter().flat_map(|hop| hop.reads).map(|topic| access.names.topic(*topic)).collect();
        topics.sort();
        topics.dedup();
        let (_, first) = groups.first().context("no service reads")?;
        let partitions = partitions(first, &topics)?;
        Ok(Self { groups, partitions, learnt: Instant::now() })
    }

    fn positions(&self, access: &Access) -> Result<Positions> {
        let mut positions = Positions::default();
        let list = |wanted: &dyn Fn(Topic) -> bool| {
            let mut list = TopicPartitionList::new();
            for (name, partition) in &self.partitions {
                if access.names.logical(name).is_some_and(wanted) {
                    list.add_partition_offset(name, *partition, Offset::End)?;
                }
            }
            Ok::<_, rdkafka::error::KafkaError>(list)
        };
        let (_, first) = self.groups.first().context("no service reads")?;
        let ends =
            first.offsets_for_times(list(&|_| true)?, ASK).context("Kafka does not tell where topics end")?;
        positions.ends = offsets(access, &ends);
        for (hop, client) in &self.groups {
            // It subscribes to nothing: only complaints come out here, and must not pile up.
            while client.poll(Duration::ZERO).is_some() {}
            let reads = list(&|topic| hop.reads.contains(&topic))?;
            let committed =
                client.committed_offsets(reads, ASK).context("Kafka does not tell what is committed")?;
            let name = access.names.group(hop.service);
            let found = client
                .client()
                .fetch_group_list(Some(&name), ASK)
                .context("Kafka does not tell of a group")?;
            let instances = found.groups().iter().map(|group| group.members().len()).sum();
            positions.groups.insert(hop.service, Group { committed: offsets(access, &committed), instances });
        }
        Ok(positions)
    }
}

fn offsets(access: &Access, list: &TopicPartitionList) -> HashMap<(Topic, i32), i64> {
    let known = list.elements().into_iter().filter_map(|one| {
        let offset = one.offset().to_raw().filter(|offset| *offset >= 0)?;
        Some(((access.names.logical(one.topic())?, one.partition()), offset))
    });
    known.collect()
}
