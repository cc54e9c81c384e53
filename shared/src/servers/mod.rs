//! How Kafka, Redis and the schema registry are reached: addresses, encryption and credentials, the same settings for
//! every service and for the `orderflow` command.
//!
//! Invariants:
//! - What was parsed is usable: a combination that cannot work is refused where the settings are read, in one line.
//! - No secret is in a message, nor in what `Debug` shows.
//! - Only [`Kafka::client_config`] says where the brokers are; every Kafka client begins with it.

mod advice;
mod cluster;
mod kafka;
mod kafka_settings;
mod redis;
mod registry;
mod secret;

use anyhow::{Result, anyhow};
use clap::{ArgMatches, Args, Command, FromArgMatches, Parser, error::ErrorKind};

pub use advice::Advice;
pub use cluster::Cluster;
pub use kafka::{Kafka, Mechanism, Protocol};
pub use redis::Redis;
pub use registry::SchemaRegistry;

/// Where the three servers are, and as whom they are asked. Read and checked as one: see [`Servers::from_variables`].
#[derive(Debug, Clone)]
pub struct Servers {
    /// The brokers.
    pub kafka: Kafka,
    /// Redis.
    pub redis: Redis,
    /// The schema registry.
    pub registry: SchemaRegistry,
}

/// The settings as they are given.
#[derive(Args)]
#[group(skip)]
struct Given {
    #[command(flatten)]
    kafka: kafka_settings::Given,
    #[command(flatten)]
    redis: redis::Given,
    #[command(flatten)]
    registry: registry::Given,
}

/// Nothing but these settings.
#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    servers: Servers,
}

impl Servers {
    /// As this process's variables say.
    ///
    /// # Errors
    /// What cannot work, in one line.
    pub fn from_variables() -> Result<Self> {
        Alone::try_parse_from(["orderflow"]).map(|read| read.servers).map_err(in_one_line)
    }

    /// The variables that say all this to another process, also those that are not set: it may have inherited others.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        [self.kafka.variables(), self.redis.variables(), self.registry.variables()].concat()
    }

    fn check(given: Given) -> Result<Self> {
        Ok(Self {
            kafka: given.kafka.check()?,
            redis: given.redis.check()?,
            registry: given.registry.check()?,
        })
    }
}

impl FromArgMatches for Servers {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = Given::from_arg_matches(matches)?;
        Self::check(given).map_err(|why| clap::Error::raw(ErrorKind::ValueValidation, format!("{why:#}\n")))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Servers {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}

/// Where there is no command line whose use could be explained.
fn in_one_line(error: clap::Error) -> anyhow::Error {
    anyhow!("{}", error.to_string().trim_start_matches("error: ").trim_end())
}

/// An empty variable is how many tools say "not set".
fn set(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests;
