//! `orderflow dlq search`: the dead letters in which a text stands, whatever has become of them.

use anyhow::Result;
use clap::Args;
use orderflow_letters::{Filter, Letter};

use super::{draw, found, group};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq search 01939d5c-2f5e-7c9a-8f3e-6a1b2c3d4e5f
  orderflow dlq search KIT-MUG --group inventory --newer 7d
  orderflow dlq search 'amount_too_large' --json

Looks into key, event id, code, message, headers and the decoded value, in either case; also of what was dealt with, while
the topic has it. Payment tokens and sealed data are not looked into.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Search {
    /// The text.
    #[arg(value_name = "TEXT")]
    words: String,
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

impl Search {
    pub(super) async fn run(self) -> Result<bool> {
        let filter = Filter { text: Some(self.words), ..self.filter };
        let found = found(&self.connection.access()?, self.group.as_deref(), &filter).await?;
        if self.json {
            print_json(&found.iter().map(Letter::as_json).collect::<Vec<_>>())?;
        } else if found.is_empty() {
            print("no dead letter says so")?;
        } else {
            print(draw(&found))?;
        }
        Ok(true)
    }
}
