//! An environment on servers that have nothing yet.

use anyhow::Result;
use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use orderflow::{
    admin::{Broker, Choices, differences, wanted},
    catalogue::Catalogue,
    registry::Registry,
    runtime::contract::subject,
    schemas,
    servers::{Kafka, Redis, SchemaRegistry, Servers},
    topics::Names,
};
use rdkafka::ClientConfig;

/// Requests to the registry under way at a time.
const AT_ONCE: usize = 6;

/// Where the servers are, and what stands in front of every name there. Its variables are those of the services.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The servers.
    #[command(flatten)]
    pub servers: Servers,
    /// In front of every topic, group and Redis key.
    #[arg(long, env = "ORDERFLOW_PREFIX", default_value = "")]
    pub prefix: String,
}

impl Place {
    /// On servers that were started here.
    ///
    /// # Errors
    /// When an address is none.
    pub fn on(servers: &orderflow_stack::Servers, prefix: String) -> Result<Self> {
        let kafka = Kafka::plaintext(&servers.kafka_bootstrap);
        let redis = Redis::at(servers.redis_url.clone(), None)?;
        let registry = SchemaRegistry::at(&servers.registry_url, None)?;
        Ok(Self { servers: Servers { kafka, redis, registry }, prefix })
    }

    /// How topics and groups are named.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(self.prefix.clone())
    }

    /// What every Kafka client begins with.
    #[must_use]
    pub fn kafka(&self) -> ClientConfig {
        let mut config = self.servers.kafka.client_config("bench");
        config.set("log_level", "0");
        config
    }

    /// A client of the registry.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn registry(&self) -> Result<Registry> {
        self.servers.registry.client()
    }

    /// The variables that say all this to a process.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.servers.variables();
        variables.push(("ORDERFLOW_PREFIX", self.prefix.clone()));
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Makes every topic of the catalogue, with so many partitions where it has more than one, and registers every
    /// schema.
    ///
    /// # Errors
    /// When a server refuses, or does not answer.
    pub async fn prepare(&self, partitions: Option<i32>) -> Result<()> {
        let (names, registry) = (self.names(), self.registry()?);
        let choices = Choices { partitions, replication: None, min_in_sync: None };
        let wanted = wanted(&Catalogue::load()?, &names, &choices);
        let broker = Broker::new(&self.kafka())?;
        let found = broker.find(&wanted).await?;
        broker.apply(&differences(&wanted, &found, &choices), &found, false).await?;
        let registering = schemas::all()?.into_iter().map(async |record| {
            registry.register(&subject(&names, &record)?, &record.schema).await.map(drop)
        });
        stream::iter(registering).buffer_unordered(AT_ONCE).try_collect().await
    }
}
