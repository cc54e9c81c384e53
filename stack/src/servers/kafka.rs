//! Apache Kafka as one node that is broker and controller (KRaft).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result};
use uuid::Uuid;

use super::downloads::Installed;
use super::folder::Folder;
use super::server::Plan;
use crate::ports::free_port;
use crate::probe::Probe;
use crate::processes::Spec;

const HEAP: &str = "ORDERFLOW_KAFKA_HEAP";
pub(super) const META: &str = "meta.properties";

/// ApiVersions, version 0, correlation id 7, no client id (KIP-35, KIP-511). A broker accepts connections once it is
/// registered and unfenced, so an answer means that it serves.
const API_VERSIONS: &[u8] = &[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];

pub(super) fn plan(installed: &Installed, folder: &Folder) -> Result<Plan> {
    let (port, controller) = (free_port()?, free_port()?);
    let data = folder.path().join("kafka");
    give_data(&installed.kafka_formatted(), &data)?;
    let settings = folder.path().join("kafka.properties");
    std::fs::write(&settings, properties(&data, port, controller))
        .with_context(|| format!("writing {}", settings.display()))?;
    let heap = std::env::var(HEAP).unwrap_or_else(|_| "512m".to_owned());
    let mut args = Vec::from_iter(installed.class_archive_flag("kafka"));
    args.extend(installed.kafka_flags());
    // The quick compiler only: the thorough one would take a core for the first minute, which is when a demo runs.
    let compiler = "-XX:TieredStopAtLevel=1".to_owned();
    args.extend([format!("-Xmx{heap}"), "-XX:+UseSerialGC".to_owned(), compiler]);
    args.extend(["kafka.Kafka".to_owned(), settings.display().to_string()]);
    let spec = Spec {
        name: "kafka".to_owned(),
        program: installed.java.clone(),
        args,
        log: folder.path().join("kafka.log"),
        scratch: Some(data),
        ..Spec::default()
    };
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let probe = Probe::Tcp { at, ask: API_VERSIONS, accepts: is_api_versions };
    Ok(Plan { spec, address: at.to_string(), probe })
}

/// Length, our correlation id, error code 0.
fn is_api_versions(answer: &[u8]) -> bool {
    answer.get(4..10) == Some(&[0, 0, 0, 7, 0, 0])
}

/// A formatted data folder with identities of its own: services tell clusters apart by their id. Kafka's own tool
/// formatted the original; running it each time would cost a second of Java.
fn give_data(formatted: &Path, data: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(data);
    std::fs::create_dir_all(data)?;
    for file in std::fs::read_dir(formatted).with_context(|| format!("reading {}", formatted.display()))? {
        let file = file?;
        std::fs::copy(file.path(), data.join(file.file_name()))?;
    }
    let meta = std::fs::read_to_string(data.join(META))?;
    let own = meta.lines().map(|line| match line.split_once('=') {
        Some((key @ ("cluster.id" | "directory.id"), _)) => format!("{key}={}\n", fresh_id()),
        _ => format!("{line}\n"),
    });
    std::fs::write(data.join(META), own.collect::<String>())?;
    Ok(())
}

/// A Kafka id: 16 bytes in 22 characters of URL-safe base64, of which hexadecimal digits are some. Only four letters
/// may stand last, where 4 bits are left over.
pub(super) fn fresh_id() -> String {
    let id = Uuid::now_v7().simple().to_string();
    // The random end, not the time in front, which two brokers may share.
    format!("{}A", &id[id.len() - 21..])
}

pub(super) fn properties(data: &Path, port: u16, controller: u16) -> String {
    format!(
        "node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={}
{SETTINGS}",
        data.display()
    )
}

/// What differs from the defaults, which are meant for a cluster. What decides durability and the cost of a
/// transaction is left alone.
const SETTINGS: &str = "
# One node holds everything once.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
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

# 128 MB of a 512 MB heap by default.
log.cleaner.dedupe.buffer.size=16777216
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_kafkas_form_and_differ() {
        let (one, other) = (fresh_id(), fresh_id());
        assert_eq!(one.len(), 22);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(one, other);
    }

    #[test]
    fn only_an_answer_without_error_to_our_question_counts() {
        assert!(is_api_versions(&[0, 0, 1, 204, 0, 0, 0, 7, 0, 0, 0, 0]));
        assert!(!is_api_versions(&[0, 0, 1, 204, 0, 0, 0, 7, 0, 35]));
        assert!(!is_api_versions(&[0, 0]));
        // A socket connected to itself echoes the question.
        assert!(!is_api_versions(API_VERSIONS));
    }
}
