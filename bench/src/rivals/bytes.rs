//! Bytes: what a turn's topics hold on the broker's disk, and what its hops and the broker sent each other.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::ground::{Field, Ground};

/// Bytes an order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct BytesAnOrder {
    /// In the segments of the turn's topics, each record once.
    pub log: f64,
    /// Between the hops and the broker, both ways; without `ss` nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<f64>,
}

/// Where to look.
pub struct Scales {
    folder: PathBuf,
    prefix: String,
    port: u16,
}

/// Bytes up to a moment.
pub struct Weighed {
    log: u64,
    wire: Option<Sockets>,
}

/// Bytes both ways, by process and port.
type Sockets = BTreeMap<(u32, u16), u64>;

impl Scales {
    /// For a turn's topics on the broker that was started here.
    pub fn of(ground: &Ground, field: &Field) -> Result<Self> {
        let broker = ground.servers.kafka.as_ref().context("the broker must be started here")?.pid()?;
        let port = field.place.servers.kafka.bootstrap.rsplit(':').next().and_then(|text| text.parse().ok());
        Ok(Self {
            folder: data_folder(broker)?,
            prefix: field.place.prefix.clone(),
            port: port.context("the broker's address has no port")?,
        })
    }

    /// What these hops' topics and connections have come to.
    pub fn weigh(&self, hops: &[u32]) -> Result<Weighed> {
        let said = Command::new("ss").args(["-tinpH", "state", "established"]).output();
        let said = said.ok().filter(|output| output.status.success());
        let wire = said.map(|output| sockets(&String::from_utf8_lossy(&output.stdout), self.port, hops));
        Ok(Weighed { log: segments(&self.folder, &self.prefix)?, wire })
    }
}

impl Weighed {
    /// What came on top since `before`, for each of so many orders. What went over a connection that was closed
    /// meanwhile is not in it: none is while there is work.
    pub fn since(&self, before: &Self, orders: usize) -> BytesAnOrder {
        let an_order = |bytes: u64| bytes as f64 / orders as f64;
        let grown = |(now, before): (&Sockets, &Sockets)| {
            now.iter()
                .map(|(socket, bytes)| bytes - before.get(socket).copied().unwrap_or(0).min(*bytes))
                .sum()
        };
        BytesAnOrder {
            log: an_order(self.log.saturating_sub(before.log)),
            wire: self.wire.as_ref().zip(before.wire.as_ref()).map(grown).map(an_order),
        }
    }
}

/// The folder that the settings of this broker name.
fn data_folder(broker: u32) -> Result<PathBuf> {
    let line = fs::read_to_string(format!("/proc/{broker}/cmdline"))?;
    let settings = line.split('\0').find(|word| word.ends_with(".properties"));
    let settings = settings.context("the broker has no file of settings")?;
    let text = fs::read_to_string(settings).with_context(|| format!("reading {settings}"))?;
    let folder = text.lines().find_map(|line| line.strip_prefix("log.dirs="));
    Ok(folder.with_context(|| format!("{settings} names no log.dirs"))?.into())
}

/// Bytes of the segments of all topics with this prefix; their indexes take more room than they need.
fn segments(folder: &Path, prefix: &str) -> Result<u64> {
    let mut bytes = 0;
    for partition in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let partition = partition?;
        if !partition.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // A file may go between its name and its size.
        for file in fs::read_dir(partition.path()).into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|ending| ending == "log") {
                bytes += file.metadata().map_or(0, |data| data.len());
            }
        }
    }
    Ok(bytes)
}

/// The connections of these processes with this port, by what `ss` says: two lines each, addresses and users, numbers.
fn sockets(said: &str, port: u16, hops: &[u32]) -> Sockets {
    let lines: Vec<&str> = said.lines().collect();
    let of = |pair: &[&str]| {
        let words: Vec<&str> = pair[0].split_whitespace().collect();
        let addresses = words.iter().filter_map(|word| word.rsplit_once(':')?.1.parse().ok());
        let [own, peer] = addresses.collect::<Vec<u16>>().try_into().ok()?;
        let pid = number(pair[0], "pid=")?;
        let is_wanted = peer == port && hops.iter().any(|hop| u64::from(*hop) == pid);
        let bytes =
            number(pair[1], " bytes_acked:").unwrap_or(0) + number(pair[1], " bytes_received:").unwrap_or(0);
        is_wanted.then_some(((u32::try_from(pid).ok()?, own), bytes))
    };
    lines.windows(2).filter_map(of).collect()
}

/// The number behind this word.
fn number(text: &str, word: &str) -> Option<u64> {
    let behind = &text[text.find(word)? + word.len()..];
    behind[..behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
0      0          127.0.0.1:40000   127.0.0.1:15001 users:((\"bench\",pid=7,fd=9))
\t bbr wscale:10,10 bytes_sent:120 bytes_acked:100 bytes_received:50 segs_out:3
0      0          127.0.0.1:15001   127.0.0.1:40000 users:((\"java\",pid=3,fd=90))
\t bbr wscale:10,10 bytes_acked:50 bytes_received:100
0      0    [::ffff:127.0.0.1]:40002   [::ffff:127.0.0.1]:15001 users:((\"java\",pid=8,fd=4))
\t cubic bytes_received:9
0      0          127.0.0.1:40004   127.0.0.1:15002 users:((\"bench\",pid=7,fd=11))
\t cubic bytes_acked:1000
";

    #[test]
    fn only_the_hops_connections_with_the_broker_count() {
        let found = sockets(SAID, 15_001, &[7, 8]);
        assert_eq!(found, Sockets::from([((7, 40_000), 150), ((8, 40_002), 9)]));
        assert!(sockets("", 15_001, &[7]).is_empty());
    }

    #[test]
    fn bytes_are_what_came_on_top() {
        let weighed = |log, wire: &[(u16, u64)]| {
            let wire = wire.iter().map(|(port, bytes)| ((7, *port), *bytes)).collect();
            Weighed { log, wire: Some(wire) }
        };
        let (before, now) = (weighed(100, &[(1, 50), (2, 10)]), weighed(300, &[(1, 70), (3, 20)]));
        let found = now.since(&before, 10);
        assert_eq!((found.log, found.wire), (20.0, Some(4.0)));
        assert_eq!(Weighed { wire: None, ..now }.since(&before, 10).wire, None);
    }

    #[test]
    fn segments_are_those_of_the_turns_topics() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("b1.orders-0/0.log", 10),
            ("b1.orders-0/0.index", 99),
            ("b1.fraud-1/0.log", 5),
            ("x-0/0.log", 7),
        ] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, vec![0; bytes]).unwrap();
        }
        assert_eq!(segments(folder.path(), "b1.").unwrap(), 15);
    }
}
