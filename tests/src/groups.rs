//! Consumer groups, asked from outside.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
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
