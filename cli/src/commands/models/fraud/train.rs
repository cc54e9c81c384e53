//! `orderflow models train fraud`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use orderflow::clock::Clock;
use serde::Deserialize;
use serde_json::json;

use super::{
    Ground,
    measured::Measured,
    python::Python,
    report::Report,
    topics::{Gathered, Topics},
    transactions::Transactions,
};
use crate::commands::{models::computing, print, print_json};

const EXAMPLES: &str = "\
Examples:
  orderflow models train fraud --out fraud-2
  orderflow models train fraud --out fraud-2 --as-version 2 --seed 42 --customers 20000
  orderflow models train fraud --out fraud-2 --created-at 2026-11-21T00:00:00Z     the same bytes every time
  orderflow models train fraud --from-topics --out fraud-2                         this shop's own orders and labels
  orderflow models train fraud --from-topics --out fraud-2 --from 2026-01-01T00:00:00Z --maturity 60d
  orderflow models train fraud --csv handbook.csv.gz                               another shop's transactions
  orderflow models train fraud --csv cards.csv --mapping cards.yaml --training-from 2018-07-25 --json

Simulates customers and thieves, looks at every order as the service would, trains on what would be known, and
writes model.onnx, golden.json, manifest.json and CARD.md. Needs Python 3.11 or newer; what Python needs is
installed once, in pinned versions, into a virtual environment of its own.

With --from-topics it trains on the orders of this shop: by the features that decided on them, or, where their definition
has changed since, by features made again from all orders before; labelled as `fraud.labels` says, of which the newest of
an order counts. Orders without a label count as honest when they were charged; the others, and all that are younger than
--maturity, are left out. The split is by time. Publish the result as any other (`orderflow models publish`).

With --csv it trains on any table of transactions instead: time, customer, terminal or merchant, amount, label. Seven
days train, seven pass until their labels are known, seven test; it prints AUC, average precision and card precision.
No model is written: the service's features need more of an order than such a table has.";

/// Trains the fraud model on simulated orders or on the shop's own, or tries the training on other data.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Train {
    /// Where the model goes; files of an earlier one are overwritten.
    #[arg(long, value_name = "DIR", required_unless_present = "csv")]
    out: Option<PathBuf>,
    /// Equal seeds, equal models.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// The version the manifest names.
    #[arg(long, value_name = "VERSION", default_value = "1")]
    as_version: String,
    /// When the manifest says it was made [default: now].
    #[arg(long, value_name = "TIME")]
    created_at: Option<Timestamp>,
    #[command(flatten)]
    topics: Topics,
    #[command(flatten)]
    transactions: Transactions,
    #[command(flatten)]
    ground: Ground,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What is shown of the manifest.
#[derive(Deserialize)]
struct Manifest {
    sha256: String,
    training: Training,
}

#[derive(Deserialize)]
struct Training {
    trees: u64,
    metrics: Measured,
}

impl Train {
    pub async fn run(self) -> Result<bool> {
        let gathered = self.topics.gather().await?;
        computing(move || self.train(gathered)).await
    }

    fn train(self, gathered: Option<Gathered>) -> Result<bool> {
        let python = || Python::prepare(&self.ground.python, &self.ground.environment);
        // Without a table of transactions there is a folder: clap sees to it.
        let Some(out) = &self.out else {
            self.transactions.run(self.seed, self.json, python)?;
            return Ok(true);
        };
        let folder = tempfile::tempdir().context("making a folder for the table")?;
        let manifest: Manifest = match &gathered {
            // First, for it finds most mistakes.
            Some(gathered) => {
                gathered.write_table(folder.path())?;
                self.fit(&python()?, folder.path(), out)?
            }
            None => {
                let python = python()?;
                self.ground.write_table(self.seed.into(), folder.path())?;
                self.fit(&python, folder.path(), out)?
            }
        };
        let Training { trees, metrics } = manifest.training;
        let report = match gathered {
            Some(_) => Report::recorded(self.seed.into(), metrics),
            None => Report::of(vec![self.seed.into()], vec![metrics]),
        };
        let out = out.display().to_string();
        if self.json {
            let model = json!({ "folder": out, "trees": trees, "sha256": manifest.sha256 });
            print_json(&json!({ "model": model, "report": report }))?;
        } else {
            print(&report)?;
            print(format_args!("\n{out}: {trees} trees, model.onnx is {}", manifest.sha256))?;
        }
        Ok(report.good)
    }

    fn fit(&self, python: &Python, table: &Path, out: &Path) -> Result<Manifest> {
        let created_at = self.created_at.unwrap_or_else(|| Clock::system().now());
        python.run(
            "train",
            &[
                ("--table", table.display().to_string()),
                ("--seed", self.seed.to_string()),
                ("--out", out.display().to_string()),
                ("--model-version", self.as_version.clone()),
                ("--created-at", created_at.to_string()),
            ],
        )
    }
}
