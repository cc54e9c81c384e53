//! What may differ from one environment to the next.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use orderflow::{
    config::Delivery,
    servers::{self, Kafka, Redis, SchemaRegistry},
};
use orderflow_stack::Servers;

use secrecy::ExposeSecret;

use super::ShippedModel;
use crate::connection::Connection;

/// The services, in the order of an order's way.
pub const SERVICES: [&str; 7] =
    ["order-intake", "fraud-scoring", "inventory", "payment", "shipping", "order-status", "recommendation"];

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// In front of every topic, group and Redis key: environments with different ones can share servers.
    pub prefix: String,
    /// How outputs and offsets become durable, in every service.
    pub delivery: Delivery,
    /// Partitions of the topics that have more than one; the catalogue's numbers when absent.
    pub partitions: Option<i32>,
    /// How many instances a service has, where it is not one.
    pub instances: BTreeMap<&'static str, usize>,
    /// More variables for all services, over those set here.
    pub variables: Vec<(String, String)>,
    /// More variables for one service, over everything else.
    pub service_variables: BTreeMap<&'static str, Vec<(String, String)>>,
    /// The catalogue file; the demo shop's when absent.
    pub catalogue: Option<PathBuf>,
    /// The model that scores orders; rules do when absent.
    pub model: Option<ShippedModel>,
    /// Whether to put the catalogue's stock on the shelf.
    pub seed_stock: bool,
    /// The gateway's fault switches at the start, as JSON.
    pub gateway_faults: String,
    /// The carrier's fault switches at the start, as JSON.
    pub carrier_faults: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            delivery: Delivery::ExactlyOnce,
            partitions: None,
            instances: BTreeMap::new(),
            variables: Vec::new(),
            service_variables: BTreeMap::new(),
            catalogue: None,
            model: None,
            seed_stock: true,
            gateway_faults: "{}".to_owned(),
            carrier_faults: "{}".to_owned(),
        }
    }
}

impl Options {
    /// How many instances of a service to start.
    pub(super) fn count_of(&self, service: &str) -> usize {
        self.instances.get(service).copied().unwrap_or(1)
    }

    /// The delivery setting as its variable takes it.
    pub(super) fn delivery_name(&self) -> String {
        self.delivery.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// How these servers are reached: one that the variables name as they say, one that was started here in the
    /// clear, or where it is guarded as its user.
    ///
    /// # Errors
    /// When the variables do not go together.
    pub fn connection(&self, servers: &Servers) -> Result<Connection> {
        let named = servers::Servers::from_variables().context("the variables of the servers")?;
        let is = |named: &str, address: &str| named.trim_end_matches('/') == address;
        let kafka = match &servers.guarded {
            Some(guarded) => Kafka::guarded(
                &guarded.bootstrap,
                &guarded.user,
                guarded.password.clone().into(),
                Some(guarded.ca.display().to_string()),
            ),
            None if is(&named.kafka.bootstrap, &servers.kafka_bootstrap) => named.kafka,
            None => Kafka::plaintext(&servers.kafka_bootstrap),
        };
        let redis = match named.redis {
            named if is(named.url().expose_secret(), &servers.redis_url) => named,
            _ => Redis::at(servers.redis_url.clone(), None)?,
        };
        let registry = match named.registry {
            named if is(&named.url, &servers.registry_url) => named,
            _ => SchemaRegistry::at(&servers.registry_url, None)?,
        };
        let servers = servers::Servers { kafka, redis, registry };
        Ok(Connection { servers, prefix: self.prefix.clone() })
    }
}
