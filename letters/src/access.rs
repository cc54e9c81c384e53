//! How the servers are reached.

use anyhow::Result;
use orderflow::{catalogue::Catalogue, registry::Registry, topics::Names};
use rdkafka::ClientConfig;

/// How the servers are reached, and how the environment names things.
#[derive(Clone)]
pub struct Access {
    /// What every Kafka client begins with.
    pub config: ClientConfig,
    /// How topics and groups are named.
    pub names: Names,
    /// Where schemas are.
    pub registry: Registry,
}

/// The services with a group of their own.
///
/// # Errors
/// When the catalogue cannot be read.
pub fn groups() -> Result<Vec<String>> {
    Ok(Catalogue::load()?.groups().into_keys().map(str::to_owned).collect())
}
