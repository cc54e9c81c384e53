//! What may differ from one environment to the next.

use std::{collections::BTreeMap, path::PathBuf};

use clap::ValueEnum;
use orderflow::config::Delivery;
use orderflow_stack::Servers;

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

    pub(super) fn connection(&self, servers: &Servers) -> Connection {
        Connection {
            kafka: servers.kafka_bootstrap.clone(),
            redis: servers.redis_url.clone().into(),
            registry: servers.registry_url.clone(),
            prefix: self.prefix.clone(),
        }
    }
}
