//! Where the servers are: the settings every command that talks to them has.

use clap::Args;
use orderflow::{registry::Registry, servers::Servers, topics::Names};
use rdkafka::ClientConfig;

/// How the servers are reached. The variables are those of the services.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// Where Kafka, Redis and the registry are, and how they are spoken to.
    #[command(flatten)]
    pub servers: Servers,
    /// In front of every topic, group and Redis key of the environment that is meant.
    #[arg(long, env = "ORDERFLOW_PREFIX", default_value = "")]
    pub prefix: String,
}

impl Connection {
    /// How the environment names things.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(self.prefix.clone())
    }

    /// What every Kafka client begins with. Clients are quiet: their callers say what went wrong.
    #[must_use]
    pub fn kafka_config(&self) -> ClientConfig {
        let mut config = self.servers.kafka.client_config("orderflow");
        config.set("log_level", "0");
        config
    }

    /// A client of the registry.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn registry(&self) -> anyhow::Result<Registry> {
        self.servers.registry.client()
    }

    /// The variables that say all this to a service, also those that are not set: it may have inherited others.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.servers.variables();
        variables.push(("ORDERFLOW_PREFIX", self.prefix.clone()));
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
