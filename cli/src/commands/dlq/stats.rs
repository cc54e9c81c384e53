//! `orderflow dlq stats`: how many dead letters there are by group, topic and code, and how old the oldest is.

use anyhow::Result;
use clap::Args;
use orderflow::clock::Clock;
use orderflow_letters::{Filter, stats};

use super::{found, group};
use crate::{
    commands::{print, print_json, table::table},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq stats
  orderflow dlq stats --group payment --newer 1d --json

An event that was given up more than once counts once.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Stats {
    /// Only of this service's group [default: of all].
    #[arg(long, value_parser = group)]
    group: Option<String>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Stats {
    pub(super) async fn run(self) -> Result<bool> {
        let found = found(&self.connection.access()?, self.group.as_deref(), &self.filter).await?;
        let counts = stats::stats(&found);
        if self.json {
            print_json(&stats::as_json(&counts, Clock::system().now()))?;
            return Ok(true);
        }
        let mut table = table(["group", "topic", "code", "open", "parked", "dealt with", "oldest (UTC)"]);
        for ((group, topic, code), count) in &counts {
            let oldest = count.oldest.map(|at| at.strftime("%F %T").to_string()).unwrap_or_default();
            let numbers = [count.open, count.parked, count.over].map(|number| number.to_string());
            let [open, parked, over] = numbers;
            table.add_row([group.clone(), (*topic).to_owned(), code.clone(), open, parked, over, oldest]);
        }
        print(if counts.is_empty() { "no dead letters".to_owned() } else { table.to_string() })?;
        Ok(true)
    }
}
