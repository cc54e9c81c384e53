//! Which node of which cluster, and the data folder that says so.

use std::path::Path;

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::ports::free_port;

/// The setting that says who the controllers are.
pub(super) const VOTERS: &str = "controller.quorum.voters";
const META: &str = "meta.properties";
const CLUSTER: &str = "cluster.id";

/// Which node, in a cluster of how many. The first is broker and controller, the others are brokers that join it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::servers) struct Node {
    /// From 1.
    pub(in crate::servers) number: u8,
    /// Each holds everything.
    pub(in crate::servers) of: u8,
}

impl Node {
    /// Alone.
    pub(in crate::servers) const ONLY: Self = Self { number: 1, of: 1 };

    /// Whether it begins the cluster.
    pub(super) fn is_first(self) -> bool {
        self.number == 1
    }

    /// Names its data, settings and log.
    pub(super) fn name(self) -> String {
        if self.is_first() { first_name() } else { format!("{}-{}", first_name(), self.number) }
    }

    /// How many copies must have a record before it counts as written.
    pub(super) fn in_sync(self) -> u8 {
        // Of two, the one that is left goes on alone; of three, two.
        if self.of > 2 { 2 } else { 1 }
    }
}

/// The first node's name.
pub(super) fn first_name() -> String {
    "kafka".to_owned()
}

/// What the nodes of a cluster must agree on.
pub(super) struct Cluster {
    pub(super) id: String,
    /// Where the first node listens as controller.
    pub(super) controller: String,
}

impl Cluster {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { id: fresh_id(), controller: format!("127.0.0.1:{}", free_port()?) })
    }

    /// The one whose first node runs in `folder`: by its files, since it may have had to try several ports.
    pub(super) fn running_in(folder: &Path) -> Result<Self> {
        let first = folder.join(first_name());
        let voters = setting(&first.with_extension("properties"), VOTERS)?;
        let (_, controller) = voters.split_once('@').context("a voter is id@host:port")?;
        Ok(Self { id: setting(&first.join(META), CLUSTER)?, controller: controller.to_owned() })
    }
}

/// What a settings file says, by the last line of that setting, as Java reads it.
pub(super) fn setting(file: &Path, key: &str) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let mut pairs = text.lines().rev().filter_map(|line| line.split_once('='));
    let found = pairs.find_map(|(name, value)| (name == key).then(|| value.to_owned()));
    found.with_context(|| format!("{} does not say {key}", file.display()))
}

/// A formatted data folder with identities of its own: services tell clusters apart by their id. Kafka's own tool
/// formatted the original; running it each time would cost a second of Java.
pub(super) fn give_data(formatted: &Path, data: &Path, node: Node, cluster: &str) -> Result<()> {
    let _ = std::fs::remove_dir_all(data);
    std::fs::create_dir_all(data)?;
    for file in std::fs::read_dir(formatted).with_context(|| format!("reading {}", formatted.display()))? {
        let file = file?;
        std::fs::copy(file.path(), data.join(file.file_name()))?;
    }
    let meta = std::fs::read_to_string(data.join(META))?;
    let own = meta.lines().map(|line| match line.split_once('=') {
        Some((key @ CLUSTER, _)) => format!("{key}={cluster}\n"),
        Some((key @ "node.id", _)) => format!("{key}={}\n", node.number),
        Some((key @ "directory.id", _)) => format!("{key}={}\n", fresh_id()),
        _ => format!("{line}\n"),
    });
    std::fs::write(data.join(META), own.collect::<String>())?;
    Ok(())
}

/// A Kafka id: 16 bytes in 22 characters of URL-safe base64, of which hexadecimal digits are some. Only four letters
/// may stand last, where 4 bits are left over.
pub(in crate::servers) fn fresh_id() -> String {
    let id = Uuid::now_v7().simple().to_string();
    // The random end, not the time in front, which two brokers may share.
    format!("{}A", &id[id.len() - 21..])
}

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
}
