//! Consumer groups, asked from outside.

use std::{collections::BTreeSet, time::Duration};

use rdkafka::{
    ClientConfig, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    topic_partition_list::Offset,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// The instances that are members of a group now.
pub async fn members(config: ClientConfig, group: String) -> Vec<String> {
    let ask = move || {
        let consumer: BaseConsumer = config.create().unwrap();
        let groups = consumer.client().fetch_group_list(Some(&group), PATIENCE).unwrap();
        let members = groups.groups().iter().flat_map(|group| group.members());
        members.map(|member| member.client_id().to_owned()).collect()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

/// How many records of a topic a group has not committed: markers of transactions are none, and neither is what was
/// aborted.
pub async fn lag(mut config: ClientConfig, group: String, topic: String) -> usize {
    config.set("group.id", group).set("enable.auto.commit", "false");
    config.set("isolation.level", "read_committed").set("enable.partition.eof", "true");
    let ask = move || {
        let consumer: BaseConsumer = config.create().unwrap();
        let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE).unwrap();
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            list.add_partition(&topic, partition.id());
        }
        let list = consumer.committed_offsets(list, PATIENCE).unwrap();
        let mut unread: BTreeSet<i32> =
            list.elements().iter().map(|partition| partition.partition()).collect();
        for partition in &unread {
            let mut place = list.find_partition(&topic, *partition).unwrap();
            if place.offset() == Offset::Invalid {
                place.set_offset(Offset::Beginning).unwrap();
            }
        }
        consumer.assign(&list).unwrap();
        let mut records = 0;
        while !unread.is_empty() {
            match consumer.poll(PATIENCE).expect("an answer of the broker") {
                Ok(_) => records += 1,
                Err(KafkaError::PartitionEOF(partition)) => drop(unread.remove(&partition)),
                Err(error) => panic!("{topic} cannot be read: {error}"),
            }
        }
        records
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}
