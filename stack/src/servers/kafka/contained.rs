//! Brokers in containers. Both of a pair share one network, the first one's: so each is at the same address, 127.0.0.1
//! and its port, for the other and for clients on this machine.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::container::{Container, Image};
use super::super::folder::Folder;
use super::super::server::{Plan, Runs};
use super::{FLAGS, Node, at_port, fresh_id, heap, properties};
use crate::ports::free_port;

/// Where a node of the image keeps its data, and where it looks for settings.
const DATA: &str = "/var/lib/kafka/data";
const SETTINGS: &str = "/mnt/shared/config/server.properties";
/// Inside the brokers' own network.
const CONTROLLER: &str = "127.0.0.1:9093";
/// What the first of a pair leaves for the second: its container's name, the cluster's id, the second's port.
const PAIR: &str = "kafka.pair";

pub(in crate::servers) fn container(folder: &Folder, node: Node) -> Result<Plan> {
    let pair = folder.path().join(PAIR);
    let name = Container::fresh_name(node.name());
    let (cluster, port, ports, beside) = match node {
        Node::Only => {
            let port = free_port()?;
            (fresh_id(), port, vec![port], None)
        }
        Node::First => {
            let (cluster, port, second) = (fresh_id(), free_port()?, free_port()?);
            std::fs::write(&pair, format!("{name} {cluster} {second}"))?;
            (cluster, port, vec![port, second], None)
        }
        Node::Second => {
            let (first, cluster, port) = left_by_first(&pair)?;
            (cluster, port, vec![], Some(first))
        }
    };
    let image = Image {
        name: "apache/kafka",
        tag: "4.3.1",
        env: vec![
            ("CLUSTER_ID", cluster),
            ("KAFKA_HEAP_OPTS", heap()),
            ("KAFKA_JVM_PERFORMANCE_OPTS", FLAGS.join(" ")),
        ],
        files: vec![(SETTINGS, properties(node, Path::new(DATA), "0.0.0.0", port, CONTROLLER))],
        ports: ports.into_iter().map(|port| (port, port)).collect(),
        beside,
        ..Image::default()
    };
    let log = folder.path().join(node.name()).with_extension("log");
    Ok(at_port(Runs::Container { name, image, log }, port))
}

fn left_by_first(pair: &Path) -> Result<(String, String, u16)> {
    let text = std::fs::read_to_string(pair).with_context(|| format!("reading {}", pair.display()))?;
    let mut words = text.split(' ').map(str::to_owned);
    let mut next = || words.next().context("the first broker has left too little");
    Ok((next()?, next()?, next()?.parse()?))
}
