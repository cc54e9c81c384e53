//! `orderflow models train fraud --csv`: the training on any table of transactions.

mod report;

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use fraud_model::transactions::{
    mapping::{HANDBOOK, HANDBOOK_NAME, Mapping},
    prepare::{Prepared, Source},
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use serde::Deserialize;

use super::python::Python;
use crate::{
    commands::{print, print_json},
    delimited,
};
use report::Report;

/// Which table, and how to read it. What requires the table also says that it does not go with a model's folder: clap does
/// not ask for an argument that conflicts with one that is given.
#[derive(Debug, Args)]
pub(super) struct Transactions {
    /// A table of transactions, CSV or CSV in gzip, instead of simulated orders.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "as_version", "created_at", "days", "customers"])]
    csv: Option<PathBuf>,
    /// Which of its columns mean what [default: as in the data of the Fraud Detection Handbook].
    #[arg(long, value_name = "FILE", requires = "csv", conflicts_with = "out")]
    mapping: Option<PathBuf>,
    /// The first of the seven days that train [default: 21 days before the end].
    #[arg(long, value_name = "DATE", requires = "csv", conflicts_with = "out")]
    training_from: Option<Date>,
}

/// What the training answers; the scores stand in a file.
#[derive(Debug, Deserialize)]
struct Answer {
    trees: u64,
    methods: Vec<Ranked>,
}

/// How a method ranks the transactions of the test.
#[derive(Debug, Deserialize)]
struct Ranked {
    name: String,
    auc: f64,
    average_precision: f64,
}

impl Transactions {
    /// Reads, trains, prints.
    pub fn run(&self, seed: u32, json: bool, python: impl FnOnce() -> Result<Python>) -> Result<()> {
        let csv = self.csv.as_ref().context("which table? --csv names one")?;
        let folder = tempfile::tempdir().context("making a folder for the table")?;
        // First, for it finds most mistakes.
        let prepared = self.prepare(csv, folder.path())?;
        let options = [("--table", folder.path().display().to_string()), ("--seed", seed.to_string())];
        let answer: Answer = python()?.run("transactions", &options)?;
        let scores = scores(&folder.path().join("scores.bin"), answer.methods.len(), prepared.asked.len())?;
        let report = Report::of(&csv.display().to_string(), prepared, answer, &scores);
        if json { print_json(&report) } else { print(&report) }
    }

    fn prepare(&self, csv: &Path, folder: &Path) -> Result<Prepared> {
        let mapping = match &self.mapping {
            Some(path) => Mapping::read(path)?,
            None => Mapping::parse(HANDBOOK_NAME, HANDBOOK)?,
        };
        let style = ProgressStyle::with_template("{spinner} reading {pos} rows ({elapsed})");
        let reading =
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let name = csv.display().to_string();
        let source = Source { name: &name, mapping: &mapping, open: &|| delimited::open(csv) };
        let prepared = source.prepare(folder, self.training_from, |rows| reading.set_position(rows));
        reading.finish_and_clear();
        prepared
    }
}

/// The scores of each method, for so many transactions.
fn scores(path: &Path, methods: usize, transactions: usize) -> Result<Vec<Vec<f64>>> {
    let bytes = fs::read(path).context("the training has left no scores")?;
    let (numbers, rest) = bytes.as_chunks::<8>();
    ensure!(
        rest.is_empty() && numbers.len() == methods * transactions,
        "the training's scores are not as many as there were transactions"
    );
    let numbers: Vec<f64> = numbers.iter().map(|number| f64::from_le_bytes(*number)).collect();
    Ok(numbers.chunks(transactions.max(1)).map(<[f64]>::to_vec).collect())
}

#[cfg(test)]
mod tests;
