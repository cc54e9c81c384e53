//! `orderflow models evaluate fraud`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::{Ground, python::Python, report::Report};
use crate::commands::{print, print_json};

const EXAMPLES: &str = "\
Examples:
  orderflow models evaluate fraud                    trains and tests five times
  orderflow models evaluate fraud --model fraud-2    tests this model on five simulations it has never seen
  orderflow models evaluate fraud --seeds 2 --customers 2000 --json

Each seed is a simulation of its own: other customers, other thieves. The last fifth of its days is the test.
Leaked cards are the fraud whose labels come only after the training. The exit code says whether the model does
as well as it must.";

/// How well the fraud model does on simulated orders, beside the rules and two simpler ones.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Evaluate {
    /// How many simulations.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10))]
    seeds: u32,
    /// The first one's seed; the others follow it.
    #[arg(long, default_value_t = 101)]
    first_seed: u32,
    /// A trained model's folder, instead of training one on each simulation.
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ground: Ground,
}

impl Evaluate {
    pub fn run(self) -> Result<bool> {
        let python = Python::prepare(&self.ground.python, &self.ground.environment)?;
        let seeds: Vec<u64> = (0..self.seeds).map(|n| u64::from(self.first_seed) + u64::from(n)).collect();
        let mut runs = Vec::new();
        for seed in &seeds {
            let folder = tempfile::tempdir().context("making a folder for the table")?;
            self.ground.write_table(*seed, folder.path())?;
            let mut options =
                vec![("--table", folder.path().display().to_string()), ("--seed", seed.to_string())];
            options.extend(self.model.as_ref().map(|model| ("--model", model.display().to_string())));
            runs.push(python.run("evaluate", &options)?);
        }
        let report = Report::of(seeds, runs);
        if self.json {
            print_json(&report)?;
        } else {
            print(&report)?;
        }
        Ok(report.good)
    }
}
