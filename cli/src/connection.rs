//! Where the servers are: the settings every command that talks to them has.

use clap::Args;
use orderflow::{registry::Registry, topics::Names};
use rdkafka::ClientConfig;
use secrecy::SecretString;

/// How the servers are reached. The variables are those of the services.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// Kafka brokers, comma-separated host:port.
    #[arg(long, env = "KAFKA_BOOTSTRAP_SERVERS", default_value = "localhost:9092")]
    pub kafka: String,
    /// Redis, as redis://[user:password@]host:port[/db].
    #[arg(long, env = "REDIS_URL", default_value = "redis://localhost:6379", hide_env_values = true)]
    pub redis: SecretString,
    /// Schema registry with Confluent's API.
    #[arg(long, env = "SCHEMA_REGISTRY_URL", default_value = "http://localhost:8081")]
    pub registry: String,
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
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.kafka).set("client.id", "orderflow").set("log_level", "0");
        config
    }

    /// A client of the registry.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn registry(&self) -> anyhow::Result<Registry> {
        Registry::new(&self.registry)
    }
}
