//! Consumer groups, asked from outside.

use std::time::Duration;

use rdkafka::{
    ClientConfig, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};

/// The instances that are members of a group now.
pub async fn members(config: ClientConfig, group: String) -> Vec<String> {
    let ask = move || {
        let consumer: BaseConsumer = config.create().unwrap();
        let groups = consumer.client().fetch_group_list(Some(&group), Duration::from_secs(10)).unwrap();
        let members = groups.groups().iter().flat_map(|group| group.members());
        members.map(|member| member.client_id().to_owned()).collect()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

/// How many records of a topic a group has not committed. Only for topics that nobody writes in transactions: their
/// markers would count.
pub async fn lag(mut config: ClientConfig, group: String, topic: String) -> i64 {
    let ask = move || {
        let consumer: BaseConsumer = config.set("group.id", group).create().unwrap();
        let patience = Duration::from_secs(10);
        let metadata = consumer.fetch_metadata(Some(&topic), patience).unwrap();
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            list.add_partition(&topic, partition.id());
        }
        let committed = consumer.committed_offsets(list, patience).unwrap();
        let behind = committed.elements().into_iter().map(|partition| {
            let (_, end) = consumer.fetch_watermarks(&topic, partition.partition(), patience).unwrap();
            end - partition.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(0)
        });
        behind.sum()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}
