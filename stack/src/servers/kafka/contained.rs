//! Brokers in containers. All of a cluster share one network, the first one's: so each is at the same address, 127.0.0.1
//! and its port, for the others and for clients on this machine.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::container::{Container, Image};
use super::super::folder::Folder;
use super::super::server::{Plan, Runs};
use super::{GC, Node, QUICK, at_port, fresh_id, heap, properties};
use crate::ports::free_port;

/// Where a node of the image keeps its data, and where it looks for settings.
const DATA: &str = "/var/lib/kafka/data";
const SETTINGS: &str = "/mnt/shared/config/server.properties";
/// Inside the brokers' own network.
const CONTROLLER: &str = "127.0.0.1:9093";
/// What the first leaves for the others: its container's name, the cluster's id, the others' ports.
const CLUSTER: &str = "kafka.cluster";

pub(in crate::servers) fn container(folder: &Folder, node: Node) -> Result<Plan> {
    let left = folder.path().join(CLUSTER);
    let name = Container::fresh_name(&node.name());
    let (cluster, port, ports, beside) = if node.is_first() {
        let (cluster, port) = (fresh_id(), free_port()?);
        let others = (1..node.of).map(|_| free_port()).collect::<Result<Vec<_>>>()?;
        let words: Vec<String> = others.iter().map(u16::to_string).collect();
        std::fs::write(&left, format!("{name} {cluster} {}", words.join(" ")))?;
        (cluster, port, [vec![port], others].concat(), None)
    } else {
        let (first, cluster, port) = left_by_first(&left, node)?;
        (cluster, port, vec![], Some(first))
    };
    let image = Image {
        name: "apache/kafka",
        tag: "4.3.1",
        env: vec![
            ("CLUSTER_ID", cluster),
            ("KAFKA_HEAP_OPTS", heap()),
            ("KAFKA_JVM_PERFORMANCE_OPTS", [&[GC], &QUICK[..]].concat().join(" ")),
        ],
        files: vec![(SETTINGS, properties(node, Path::new(DATA), "0.0.0.0", port, CONTROLLER))],
        ports: ports.into_iter().map(|port| (port, port)).collect(),
        beside,
        ..Image::default()
    };
    let log = folder.path().join(node.name()).with_extension("log");
    Ok(at_port(Runs::Container { name, image, log }, port))
}

fn left_by_first(left: &Path, node: Node) -> Result<(String, String, u16)> {
    let text = std::fs::read_to_string(left).with_context(|| format!("reading {}", left.display()))?;
    let mut words = text.split(' ').map(str::to_owned);
    let mut next = || words.next().context("the first broker has left too little");
    let (first, cluster) = (next()?, next()?);
    let port = words.nth(usize::from(node.number) - 2).context("the first broker knows of fewer")?;
    Ok((first, cluster, port.parse()?))
}
