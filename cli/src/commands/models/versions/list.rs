//! `orderflow models list`.

use anyhow::Result;
use clap::Args;
use orderflow_versions::{
    Known,
    known::{name, published_json, state_json, trial},
};
use serde_json::json;

use crate::{
    commands::{print, print_json, table::table},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow models list
  orderflow models list --json";

/// Which versions of the fraud model there are, and which of them serve.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self) -> Result<bool> {
        let known = Known::read(&self.connection.access()?).await?;
        if self.json {
            let versions = known.published.iter().map(|one| published_json(one, &known.does(&one.version)));
            print_json(&json!({
                "state": state_json(&known.state), "versions": versions.collect::<Vec<_>>(),
            }))?;
        } else {
            print(text(&known))?;
        }
        Ok(true)
    }
}

fn text(known: &Known) -> String {
    let state = &known.state;
    let live = name(state.live.as_ref());
    let mut text = if state.on { format!("live: {live}") } else { format!("off: rules decide, not {live}") };
    if let Some(candidate) = &state.candidate {
        text.push_str(&format!("\ntried: {}, {}", candidate.version, trial(state)));
    }
    if state.can_roll_back {
        text.push_str(&format!("\na rollback leads to: {}", name(state.previous.as_ref())));
    }
    if state.revision > 0 {
        let (by, at, why) = (&state.changed_by, state.changed_at, &state.reason);
        text.push_str(&format!("\nchange {} by {by} at {at}: {why}", state.revision));
    }
    if known.published.is_empty() {
        return format!("{text}\nno version is published: see `orderflow models publish --help`");
    }
    let mut table = table(["version", "state", "published (UTC)", "by", "reason"]);
    for one in &known.published {
        table.add_row([
            one.version.version.clone(),
            known.does(&one.version),
            one.published_at.to_string(),
            one.published_by.clone(),
            one.reason.clone(),
        ]);
    }
    format!("{text}\n\n{table}")
}
