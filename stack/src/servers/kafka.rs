//! Apache Kafka (KRaft): one node that is broker and controller and, where a test asks for it, more brokers.

mod contained;
mod guarded;
mod node;
mod proxied;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result};

use super::choice::Choice;
use super::downloads::Installed;
use super::folder::Folder;
use super::server::{Plan, Runs};
use crate::ports::free_port;
use crate::probe::Probe;
use crate::processes::Spec;
pub(super) use contained::container;
pub(super) use guarded::Guard;
pub use guarded::Guarded;
use node::{Cluster, VOTERS, first_name, give_data};
pub(super) use node::{Node, fresh_id};
pub use proxied::Proxied;
pub(super) use proxied::ends;

const HEAP: &str = "ORDERFLOW_KAFKA_HEAP";
const GC: &str = "-XX:+UseSerialGC";
/// The quick compiler only: the thorough one would take a core for the first minute, which is when a demo runs. It may
/// inline more than it does by itself, which took 6 % of the broker's work away; a JVM that does not know how goes without.
const QUICK: [&str; 5] = [
    "-XX:TieredStopAtLevel=1",
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:C1MaxInlineSize=70",
    "-XX:C1MaxInlineLevel=20",
    "-XX:C1MaxTrivialSize=12",
];

/// ApiVersions, version 0, correlation id 7, no client id (KIP-35, KIP-511). A broker accepts connections once it is
/// registered and unfenced, so an answer means that it serves.
const API_VERSIONS: &[u8] = &[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];

pub(super) fn plan(
    installed: &Installed,
    folder: &Folder,
    node: Node,
    guard: Option<&Guard>,
    choice: &Choice,
) -> Result<Plan> {
    let cluster = if node.is_first() { Cluster::new()? } else { Cluster::running_in(folder.path())? };
    let port = free_port()?;
    let data = folder.path().join(node.name());
    let plain = installed.kafka_formatted();
    give_data(guard.map_or(&plain, |guard| &guard.formatted), &data, node, &cluster.id)?;
    let settings = data.with_extension("properties");
    let mut text = properties(node, &data, "127.0.0.1", port, &cluster.controller);
    if let Some(guard) = guard {
        text += &guard.properties(port, &cluster.controller)?;
    }
    if choice.proxied {
        text += &proxied::properties(node, port, &cluster.controller)?;
    }
    std::fs::write(&settings, text).with_context(|| format!("writing {}", settings.display()))?;
    let mut args = Vec::from_iter(installed.class_archive_flag("kafka"));
    args.extend(installed.kafka_flags());
    args.push(heap());
    args.push(GC.to_owned());
    if !choice.is_long_run {
        args.extend(QUICK.map(str::to_owned));
    }
    args.extend(["kafka.Kafka".to_owned(), settings.display().to_string()]);
    let spec = Spec {
        name: node.name(),
        program: installed.java.clone(),
        args,
        log: data.with_extension("log"),
        scratch: Some(data),
        ..Spec::default()
    };
    Ok(at_port(Runs::Process(spec), port))
}

fn at_port(runs: Runs, port: u16) -> Plan {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let probe = Probe::Tcp { at, ask: API_VERSIONS, accepts: is_api_versions };
    Plan { runs, address: at.to_string(), probe }
}

fn heap() -> String {
    format!("-Xmx{}", std::env::var(HEAP).unwrap_or_else(|_| "512m".to_owned()))
}

/// Length, our correlation id, error code 0.
fn is_api_versions(answer: &[u8]) -> bool {
    answer.get(4..10) == Some(&[0, 0, 0, 7, 0, 0])
}

/// The settings of a node that listens on `interface`.
pub(super) fn properties(node: Node, data: &Path, interface: &str, port: u16, controller: &str) -> String {
    let (roles, also_listens) = match node.is_first() {
        true => ("broker,controller", format!(",CONTROLLER://{controller}")),
        false => ("broker", String::new()),
    };
    let (copies, in_sync) = (node.of, node.in_sync());
    format!(
        "node.id={}
process.roles={roles}
listeners=PLAINTEXT://{interface}:{port}{also_listens}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
{VOTERS}=1@{controller}
log.dirs={}
default.replication.factor={copies}
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
share.coordinator.state.topic.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
min.insync.replicas={in_sync}
{SETTINGS}",
        node.number,
        data.display()
    )
}

/// What differs from the defaults, which are meant for a cluster. What decides durability and the cost of a
/// transaction is left alone.
const SETTINGS: &str = "
# Nobody uses it.
share.coordinator.state.topic.min.isr=1

# 50 partitions each by default: hundreds of files for a handful of groups.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=1

# Topics come from the catalogue, never by a slip of the pen.
auto.create.topics.enable=false

# Tests start groups all the time and let members die.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000

# A machine of a few cores.
num.io.threads=3
num.network.threads=1

# 128 MB of a 512 MB heap by default.
log.cleaner.dedupe.buffer.size=16777216
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_without_error_to_our_question_counts() {
        assert!(is_api_versions(&[0, 0, 1, 204, 0, 0, 0, 7, 0, 0, 0, 0]));
        assert!(!is_api_versions(&[0, 0, 1, 204, 0, 0, 0, 7, 0, 35]));
        assert!(!is_api_versions(&[0, 0]));
        // A socket connected to itself echoes the question.
        assert!(!is_api_versions(API_VERSIONS));
    }
}
