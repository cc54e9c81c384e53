//! `orderflow verify`: whether what services have in Redis is what the log says.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use orderflow::{config::seconds, runtime::Refold, state::rebuild::Progress};
use serde_json::json;

use super::{print, print_json, table::table};
use crate::{
    connection::Connection,
    recovery::{Findings, Folds, SERVICES, Verification},
};

const EXAMPLES: &str = "\
Examples:
  orderflow verify                                   every service that has a state
  orderflow verify inventory payment
  orderflow verify inventory --scratch-redis redis://127.0.0.1:6400

Folds the log as the service does when it rebuilds, beside the live state or into another Redis, and compares every key.
Services may go on meanwhile: what differs is looked at again, with the records that have come, until it agrees or has
stayed as it is for --settle. Nothing of a service is changed. Exit code 1 when anything differs: `orderflow rebuild`
mends it.";

/// How often progress is shown.
const GLANCE: Duration = Duration::from_millis(200);
/// Differences shown of each service; --json has all of them.
const SHOWN: usize = 50;

/// Compares Redis with the fold of the log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Verify {
    /// Services [default: all that have a state].
    #[arg(value_parser = SERVICES)]
    services: Vec<String>,
    #[command(flatten)]
    pub(super) asked: Asked,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// How thoroughly.
#[derive(Debug, Clone, Args)]
pub(super) struct Asked {
    #[command(flatten)]
    pub folds: Folds,
    /// For how many seconds a difference must stay as it is: longer than a service takes from an effect to its commit.
    #[arg(long, default_value = "5", value_parser = seconds)]
    settle: Duration,
    /// For how many seconds keys that keep changing are looked at.
    #[arg(long, default_value = "60", value_parser = seconds)]
    patience: Duration,
}

impl Verify {
    pub(super) async fn run(self) -> Result<bool> {
        let all = || SERVICES.iter().map(|service| (*service).to_owned()).collect();
        let services: Vec<String> = if self.services.is_empty() { all() } else { self.services.clone() };
        let mut found = Vec::new();
        for service in &services {
            let (servers, names) = (&self.connection.servers, self.connection.names());
            let refold = self.asked.folds.begin(servers, &names, service).await?;
            let findings = self.asked.verify(service, refold).await?;
            if !self.json {
                print(told(&findings))?;
            }
            found.push(findings);
        }
        if self.json {
            print_json(&json!({ "services": found }))?;
        }
        Ok(found.iter().all(Findings::is_well))
    }
}

impl Asked {
    /// Compares, shows how far it is, and removes what was folded.
    pub(super) async fn verify(&self, service: &str, mut refold: Refold) -> Result<Findings> {
        let verification = Verification { settle: self.settle, patience: self.patience };
        let progress = refold.progress();
        let found = watched(service, &progress, verification.of(service, &mut refold)).await;
        refold.end().await?;
        found
    }
}

/// Shows on a terminal how far the folding is, while something is done.
pub(super) async fn watched<T>(service: &str, progress: &Arc<Progress>, done: impl Future<Output = T>) -> T {
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos} of {len} records");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style).with_prefix(service.to_owned());
    let mut glances = tokio::time::interval(GLANCE);
    tokio::pin!(done);
    let done = loop {
        tokio::select! {
            done = &mut done => break done,
            _ = glances.tick() => {
                bar.set_length(progress.expected());
                bar.set_position(progress.folded());
            }
        }
    };
    bar.finish_and_clear();
    done
}

/// What was found, for people.
pub(super) fn told(found: &Findings) -> String {
    let Findings { service, generation, records, keys, .. } = found;
    let mut told =
        vec![format!("{service}: {keys} keys of generation {generation}, {records} records of the log")];
    if !found.differences.is_empty() {
        let mut table = table(["key", "field", "Redis says", "the log says"]);
        for one in found.differences.iter().take(SHOWN) {
            let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "–".to_owned());
            table.add_row([one.key.clone(), word(&one.field), word(&one.redis), word(&one.log)]);
        }
        told.push(table.to_string());
    }
    let hidden = found.differences.len().saturating_sub(SHOWN);
    if hidden > 0 {
        told.push(format!("and {hidden} more: see --json"));
    }
    if found.more > 0 {
        told.push(format!("{} more keys differ", found.more));
    }
    if !found.moving.is_empty() {
        let what = "keys changed all the while: verify again when less is going on";
        told.push(format!("{} {what}", found.moving.len()));
    }
    if found.at_work && !found.differences.is_empty() {
        told.push("the service was at work: what it has begun is not on the log yet".to_owned());
    }
    told.push(if found.is_well() { "the same".to_owned() } else { "NOT the same".to_owned() });
    told.join("\n")
}
