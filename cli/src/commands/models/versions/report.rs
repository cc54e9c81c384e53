//! `orderflow models report`.

mod draw;
#[cfg(test)]
mod tests;

use anyhow::Result;
use clap::Args;
use orderflow_versions::{Gate, Known, Numbers};
use serde_json::json;

pub(in crate::commands) use draw::told;

use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow models report 2025-12-01
  orderflow models report 2025-12-01 --min-orders 100 --json

On the same orders: what was decided, and what this version would have said of them. Reads `fraud.shadow` (30 days) and
`fraud` and `fraud.labels` whole. Outcomes are of the score alone, before any review. The exit code says whether `orderflow models promote`
with the same options would let it pass.";

/// How a version that is tried compares with what decides, on the same orders.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Report {
    /// Which version.
    version: String,
    #[command(flatten)]
    gate: Gate,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Report {
    pub(super) async fn run(self) -> Result<bool> {
        let access = self.connection.access()?;
        Known::read(&access).await?.version(&self.version)?;
        let numbers = Numbers::read(&access, &self.version).await?;
        let judgement = self.gate.judge(&numbers);
        if self.json {
            let report = json!({
                "version": self.version, "numbers": numbers, "gate": judgement,
            });
            print_json(&report)?;
        } else {
            print(draw::text(&self.version, &numbers, &judgement))?;
        }
        Ok(judgement.passed)
    }
}
