//! Settings every service has. `--help` is the reference; each setting also has a variable.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::{runtime::Limit, servers::Servers, telemetry::TraceSettings, topics::Names};

/// Settings of the runtime, the same for every service.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Where Kafka, Redis and the registry are, and how they are spoken to.
    #[command(flatten)]
    pub servers: Servers,
    /// Put in front of every topic, group and Redis key, so that environments can share servers.
    #[arg(long, env = "ORDERFLOW_PREFIX", default_value = "")]
    pub prefix: String,
    /// exactly-once: one Kafka transaction per batch. at-least-once: lower latency, a crash may repeat an event.
    #[arg(long, env = "DELIVERY", value_enum, default_value_t = Delivery::ExactlyOnce)]
    pub delivery: Delivery,
    /// Names this instance among its siblings, the same after a restart [default: the host's name]
    #[arg(long, env = "INSTANCE_ID")]
    pub instance: Option<String>,
    /// Where health, readiness and metrics are served. Anything but loopback needs an operator token.
    #[arg(long, env = "OPERATOR_LISTEN", default_value = "127.0.0.1:9100")]
    pub operator_listen: SocketAddr,
    /// Bearer token for the operator endpoints; health and readiness stay open.
    #[arg(long, env = "OPERATOR_TOKEN", hide_env_values = true)]
    pub operator_token: Option<SecretString>,
    /// Most records in one batch.
    #[arg(long, env = "BATCH_MAX", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch_max: u32,
    /// How long the broker gathers records for a batch, in milliseconds: more means fewer fetches and transactions, so less
    /// work, and more latency. 64 KiB do not wait.
    #[arg(long, env = "BATCH_LINGER_MS", default_value = "0", value_parser = linger)]
    pub batch_linger: Duration,
    /// How long handling a batch may take, in seconds.
    #[arg(long, env = "STEP_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub step_timeout: Duration,
    /// Failures of one record, while others succeed, before it is dead-lettered.
    #[arg(long, env = "RETRY_LIMIT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub retry_limit: u32,
    /// Most records of one key that may wait behind a dead letter. Beyond, its partition is held.
    #[arg(long, env = "WAITING_LIMIT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub waiting_limit: u32,
    /// Most keys that may be blocked by a dead letter. Beyond, the partition of the next one is held.
    #[arg(long, env = "BLOCKED_LIMIT", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub blocked_limit: u32,
    /// When to stop giving records up.
    #[command(flatten)]
    pub dead_letters: DeadLetterLimit,
    /// The 32-byte master key that wraps the customers' data keys, as 64 hex digits in a file.
    #[arg(long, env = "MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,
    /// Where spans go, and whose.
    #[command(flatten)]
    pub traces: TraceSettings,
    /// `json` for machines, `text` for people.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
}

/// When too many of the recent records would be dead-lettered: then the next one holds its partition, and readiness says
/// so.
#[derive(Debug, Clone, Copy, Args)]
pub struct DeadLetterLimit {
    /// Share of the recent records that may be dead-lettered. Beyond, the next one holds its partition; 1 never holds.
    #[arg(long = "dead-letter-share", env = "DEAD_LETTER_SHARE", default_value = "0.5", value_parser = share)]
    pub share: f64,
    /// How many records are recent.
    #[arg(long = "dead-letter-window", env = "DEAD_LETTER_WINDOW", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub window: u32,
    /// So many of them may be dead-lettered whatever their share is.
    #[arg(long = "dead-letter-minimum", env = "DEAD_LETTER_MINIMUM", default_value_t = 100)]
    pub minimum: u32,
}

impl DeadLetterLimit {
    pub(crate) fn limit(self) -> Limit {
        Limit { share: self.share, window: self.window as usize, minimum: self.minimum as usize }
    }
}

/// How outputs and offsets become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Delivery {
    /// Outputs, dead letters and input offsets in one Kafka transaction per batch.
    ExactlyOnce,
    /// Idempotent producer; offsets committed after the acknowledgements.
    AtLeastOnce,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a terminal.
    Text,
}

impl Common {
    /// How this environment names things.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(self.prefix.clone())
    }

    /// This instance's stable name: `INSTANCE_ID`, else the host's name.
    #[must_use]
    pub fn instance(&self) -> String {
        self.instance.clone().unwrap_or_else(|| {
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let host = host.trim();
            if host.is_empty() { "0".to_owned() } else { host.to_owned() }
        })
    }
}

/// Reads a number of seconds, such as `30` or `0.5`.
///
/// # Errors
/// When it is not a positive number.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn linger(text: &str) -> Result<Duration, String> {
    let ms: Option<u64> = text.parse().ok();
    ms.filter(|ms| *ms <= 1_000)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is not a whole number of milliseconds, up to 1000"))
}

fn share(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok();
    share
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| format!("`{text}` is not above 0, up to 1"))
}
