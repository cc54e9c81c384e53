//! What is measured, and how long.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::contestants::Contestant;

/// How the rivals are measured.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Settings {
    /// How many turns each contestant has; they take turns (A B C, B C A, …).
    #[arg(long, default_value_t = 5)]
    pub repeats: usize,
    /// Measure these alone, separated by commas. Without it all are measured but `with-model`, `with-gateway`,
    /// `with-documents` and `as-shipped`.
    #[arg(long, value_enum, value_delimiter = ',')]
    #[serde(skip)]
    only: Vec<Contestant>,
    /// Orders that wait on the topic when a measured burst begins.
    #[arg(long, default_value_t = 200_000)]
    pub orders: usize,
    /// Orders before anything is measured, until the broker's compilers are warm.
    #[arg(long, default_value_t = 300_000)]
    pub first_warm: usize,
    /// Orders of each turn before its burst, until its own compilers and caches are warm.
    #[arg(long, default_value_t = 300_000)]
    pub warm: usize,
    /// Steady rates, in orders a second. Of each contestant those are measured that it can hold.
    #[arg(long, value_delimiter = ',', default_value = "50,200,2000")]
    pub rates: Vec<u32>,
    /// How long each steady rate lasts, in seconds; latencies of its first fifth are not counted.
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
    /// Orders of a burst for those that take each record by itself; a tenth of it warms up.
    #[arg(long, default_value_t = 1_000)]
    pub slow_orders: usize,
    /// Partitions of every topic.
    #[arg(long, default_value_t = 6)]
    pub partitions: i32,
    /// Records of the broker's own limit.
    #[arg(long, default_value_t = 2_000_000)]
    pub records: usize,
    /// Kill the payment hop (SIGKILL) while 200 orders/s come, and see how long labels stay away.
    #[arg(long)]
    pub crash: bool,
    /// Print every measurement as JSON, instead of tables.
    #[arg(long)]
    #[serde(skip)]
    pub json: bool,
    /// Go on with the run that `--results` holds: the turns it has count, and all but `--repeats` and `--only` must be as
    /// it was.
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
    /// Where results are kept.
    #[arg(long, value_name = "FOLDER", default_value = "bench/results")]
    #[serde(skip)]
    pub results: PathBuf,
}

impl Settings {
    /// Who was asked for, in a fixed sequence.
    pub fn contestants(&self) -> Vec<Contestant> {
        let asked = |one: &Contestant| match self.only.is_empty() {
            true => !one.is_extra(),
            false => self.only.contains(one),
        };
        Contestant::value_variants().iter().copied().filter(asked).collect()
    }
}
