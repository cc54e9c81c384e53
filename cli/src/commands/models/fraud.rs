//! `orderflow models train fraud` and `orderflow models evaluate fraud`.

mod bars;
mod evaluate;
mod measured;
mod numbers;
mod python;
mod report;
mod topics;
mod train;
mod transactions;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use fraud_model::{simulate::Settings, table};
use indicatif::{ProgressBar, ProgressStyle};

pub(in crate::commands) use evaluate::Evaluate;
pub(in crate::commands) use train::Train;

/// The simulated shop, and the Python that trains.
#[derive(Debug, Args)]
struct Ground {
    /// Simulated days.
    #[arg(long, default_value_t = 110, value_parser = clap::value_parser!(u32).range(40..=400))]
    days: u32,
    /// Simulated customers with an account.
    #[arg(long, default_value_t = 14_000, value_parser = clap::value_parser!(u32).range(500..=50_000))]
    customers: u32,
    /// The Python to make the virtual environment with.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Where the virtual environment is kept.
    #[arg(long, value_name = "DIR", default_value = ".orderflow/fraud-training")]
    environment: PathBuf,
}

impl Ground {
    /// Simulates, and writes the table into a folder.
    fn write_table(&self, seed: u64, folder: &Path) -> Result<()> {
        let settings = Settings { seed, days: self.days, customers: self.customers };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} days simulated, {eta} left");
        let bar = ProgressBar::new(self.days.into())
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let header = table::write(folder, settings, |day| bar.set_position(day))?;
        bar.finish_and_clear();
        let fraud: u64 = header.orders.iter().filter(|(name, _)| **name != "honest").map(|(_, n)| n).sum();
        eprintln!("{} orders of {} days, {fraud} of them fraud (seed {seed})", header.rows, self.days);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
