//! What must be on the servers before a service starts: topics and schemas.

use anyhow::{Result, ensure};
use orderflow::{
    admin::{Broker, Choices, differences, wanted},
    catalogue::Catalogue,
};

use super::Options;
use crate::{connection::Connection, contracts};

/// Makes the topics and registers the schemas, side by side.
///
/// # Errors
/// When a server refuses, or does not answer.
pub async fn prepare(connection: &Connection, options: &Options) -> Result<()> {
    tokio::try_join!(topics(connection, options), schemas(connection)).map(drop)
}

async fn topics(connection: &Connection, options: &Options) -> Result<()> {
    let choices = Choices { partitions: options.partitions, replication: None, min_in_sync: None };
    let wanted = wanted(&Catalogue::load()?, &connection.names(), &choices);
    let broker = Broker::new(&connection.kafka_config())?;
    let found = broker.find(&wanted).await?;
    let left = broker.apply(&differences(&wanted, &found, &choices), &found, false).await?;
    ensure!(left.is_empty(), "topics exist with another number of partitions; use another prefix: {left:?}");
    Ok(())
}

async fn schemas(connection: &Connection) -> Result<()> {
    let registry = connection.registry()?;
    let contracts = contracts::survey(&registry, &connection.names()).await?;
    contracts::register(&registry, &contracts).await.map(drop)
}
