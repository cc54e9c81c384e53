//! Topics from their beginning to their end as it was when reading began.

use anyhow::Result;
use orderflow::{
    catalogue::Catalogue,
    topics::{Names, Topic},
};
use orderflow_letters::reading::read_blocking;
use rdkafka::ClientConfig;

use super::Entry;

/// Every committed record of `topics`, and with `put_aside` of every group's dead letters and of the journals of what
/// waits behind them, up to the ends as they are when this is called. Topics that do not exist are empty.
///
/// # Errors
/// When the broker does not answer, or a prefix of a topic's partition cannot be read.
pub async fn read(
    config: &ClientConfig,
    names: &Names,
    topics: &[Topic],
    put_aside: bool,
) -> Result<Vec<Entry>> {
    let (config, names, mut topics) = (config.clone(), names.clone(), topics.to_vec());
    if put_aside {
        topics.extend(self::put_aside()?);
    }
    let reading = move || {
        let mut entries = Vec::new();
        let wanted: Vec<String> = topics.iter().map(|topic| names.topic(*topic)).collect();
        read_blocking(&config, &wanted, |message| entries.extend(Entry::of(message, &names)))?;
        Ok(entries)
    };
    tokio::task::spawn_blocking(reading).await?
}

/// Every group's dead letters, those that are parked, and the journal of what waits behind them.
pub(super) fn put_aside() -> Result<Vec<Topic>> {
    let groups = Catalogue::load()?.groups().into_values().collect::<Vec<_>>();
    Ok(groups.into_iter().flat_map(|group| [group.dead_letters, group.parked, group.waiting]).collect())
}
