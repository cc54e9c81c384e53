//! What the broker can do at most, by Kafka's own tools: nobody passes that.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use super::{
    contestants::Contestant,
    ground::{Field, Ground},
    measured::Measured,
    settings::Settings,
    usage::Who,
};

/// About as large as an event on an order's path is in a compressed batch.
const RECORD_BYTES: &str = "350";
/// The mode that the pipeline is held against: it writes in transactions too.
pub const IN_TRANSACTIONS: &str = "produce in transactions";
/// How long one of the tool's transactions is open.
const TRANSACTION_MS: &str = "100";
/// A topic of the catalogue that nobody reads here.
const TOPIC: orderflow::topics::Topic = orderflow::topics::ACTIVITY;

/// Produces, produces in transactions, and consumes. Which of the first two comes first changes with each repeat: the
/// second finds a broker that is warmer.
///
/// # Errors
/// When the broker was not started here, or a tool fails.
pub async fn limits(ground: &Ground, settings: &Settings, repeat: usize) -> Result<Vec<Measured>> {
    let field = ground.field(settings.partitions).await?;
    let broker = ground.servers.kafka.as_ref().context("the broker must be started here")?.pid()?;
    let redis = ground.servers.redis.as_ref().context("Redis must be started here")?.pid()?;
    let bench =
        Bench { tools: Tools::of(broker)?, field: &field, who: Who { redis, broker, ..Who::default() } };
    let (count, topic) = (settings.records.to_string(), field.topic(TOPIC));
    let produce = ["--topic", &topic, "--num-records", &count, "--record-size", RECORD_BYTES];
    let produce = [&produce[..], &["--throughput", "-1"]].concat();
    let id = ["--transactional-id", "bench", "--transaction-duration-ms", TRANSACTION_MS];
    let mut producing = [("produce", produce.clone()), (IN_TRANSACTIONS, [&produce[..], &id].concat())];
    if repeat.is_multiple_of(2) {
        producing.reverse();
    }
    let mut measured = Vec::new();
    for (mode, args) in producing {
        measured.push(bench.run(mode, "ProducerPerformance", &args, settings.records)?);
    }
    let consume = ["--topic", &topic, "--num-records", &count, "--group", "bench"];
    measured.push(bench.run("consume", "ConsumerPerformance", &consume, settings.records)?);
    field.clear().await?;
    Ok(measured)
}

struct Bench<'f> {
    tools: Tools,
    field: &'f Field,
    who: Who,
}

impl Bench<'_> {
    fn run(&self, mode: &str, class: &str, args: &[&str], records: usize) -> Result<Measured> {
        let (before, begun) = (self.who.cpu()?, Instant::now());
        let bootstrap = &self.field.place.servers.kafka.bootstrap;
        let mut tool = Command::new(&self.tools.java);
        tool.args(["-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
        tool.args(["-cp", &self.tools.classes, &format!("org.apache.kafka.tools.{class}")]);
        tool.args(args).args(["--bootstrap-server", bootstrap]);
        if class.starts_with("Producer") {
            tool.args(["--command-property", "acks=all", "enable.idempotence=true", "batch.size=131072"]);
        }
        let output = tool.stderr(Stdio::inherit()).output().with_context(|| format!("running {class}"))?;
        ensure!(output.status.success(), "{class} failed");
        let used = self.who.cpu()?.since(&before);
        let said = String::from_utf8_lossy(&output.stdout);
        let per_second = rate(&said).with_context(|| format!("{class} says: {said}"))?;
        let measured = Measured::new(Contestant::Broker, mode, records, begun.elapsed().as_secs_f64());
        Ok(Measured { per_second: Some(per_second), ..measured.using(used) })
    }
}

/// Records a second, by the tool's own last line: without its start, and without joining a group.
fn rate(said: &str) -> Option<f64> {
    let line = said.lines().rev().find(|line| !line.trim().is_empty())?;
    let of_producer = line.split(',').find_map(|part| part.trim().split_once(" records/sec"));
    match of_producer {
        Some((rate, _)) => rate.trim().parse().ok(),
        // start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms,
        // fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
        None => line.split(',').nth(9)?.trim().parse().ok(),
    }
}

/// The programs of the Kafka that runs.
struct Tools {
    java: PathBuf,
    classes: String,
}

impl Tools {
    /// Those of this process.
    fn of(broker: u32) -> Result<Self> {
        let line = fs::read_to_string(format!("/proc/{broker}/cmdline"))?;
        let words: Vec<&str> = line.split('\0').collect();
        let classes = words.iter().position(|word| *word == "-cp").and_then(|place| words.get(place + 1));
        let classes = (*classes.context("the broker has no class path")?).to_owned();
        Ok(Self { java: fs::read_link(format!("/proc/{broker}/exe"))?, classes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_say_is_understood() {
        let producer = "499 records sent, 99.8 records/sec (0.03 MB/sec), 1 ms avg\n\
            2000000 records sent, 483558.994197 records/sec (161.41 MB/sec), 12.31 ms avg latency, 300 ms max\n";
        assert_eq!(rate(producer), Some(483_558.994_197));
        let consumer = "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
            rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n\
            2026-01-01 00:00:00:000, 2026-01-01 00:00:01:000, 667.5, 667.5, 2000000, 1500000, 12, 988, 675.6, 1700000.5\n";
        assert_eq!(rate(consumer), Some(1_700_000.5));
        assert_eq!(rate("nonsense"), None);
    }
}
