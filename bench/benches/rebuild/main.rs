//! How fast a state comes back from the log: `cargo bench -p bench --bench rebuild`. See `bench/README.md`.

mod log;

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use orderflow::clock::Clock;
use orderflow_cli::recovery::Folds;
use orderflow_stack::{Choice, Servers};

/// Orders on the log, each of which is a key, unless `ORDERS` says otherwise.
const ORDERS: usize = 1_000_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let orders = std::env::var("ORDERS").ok().map_or(Ok(ORDERS), |text| text.parse())?;
    let servers = Servers::start(Choice::from_env()?).await?;
    let place = log::place(&servers)?;
    let begun = Instant::now();
    log::write(&place, orders).await?;
    println!("{orders} reservations written in {:.0} s", begun.elapsed().as_secs_f64());

    let folds = Folds { half_life_days: 90, scratch_redis: None };
    let mut refold = folds.begin(&place.servers, &place.names(), "inventory").await?;
    // What this process has needed until now does not count.
    fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be set back")?;
    let (before, begun) = (memory("VmRSS:")?, Instant::now());
    refold.go_on(Clock::system().now()).await?;
    let took = begun.elapsed().as_secs_f64();
    let folded = refold.progress().folded();
    let rate = folded as f64 / took;
    println!("{folded} records folded into Redis in {took:.1} s: {rate:.0} keys/s");
    println!("memory: {before} MB before, {} MB at most", memory("VmHWM:")?);
    refold.end().await.map_err(Into::into)
}

/// A line of this process's memory, in MB.
fn memory(line: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)).context("no such line")?;
    let kilobytes: u64 = found.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024)
}
