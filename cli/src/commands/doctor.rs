//! `orderflow doctor`.

mod ready;
mod release;
mod servers;

use anyhow::Result;
use clap::Args;
use orderflow_stack::{prerequisites, suffice};
use serde::Serialize;

use super::{print, print_json, table::table};
use crate::connection::Connection;

const EXAMPLES: &str = "\
Examples:
  orderflow doctor
  orderflow doctor --kafka broker:9092 --redis redis://cache:6379 --registry http://registry:8081 --json
  orderflow doctor --ready http://127.0.0.1:9100/health/ready

Either all three servers are reachable, or this machine has what it takes to start its own (`orderflow demo`
does, and the tests do). Exit code 1 when neither is so.";

/// Looks at the machine and at the servers.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Doctor {
    #[command(flatten)]
    connection: Connection,
    /// Only ask this address whether it is ready, as a container's health check does; exit code 1 when it is not.
    #[arg(long, value_name = "URL")]
    ready: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    found: Option<String>,
    /// What to do where nothing was found.
    how_to_get: String,
}

#[derive(Debug, Serialize)]
struct Findings {
    servers: Vec<Finding>,
    prerequisites: Vec<Finding>,
}

impl Doctor {
    pub(super) async fn run(self) -> Result<bool> {
        if let Some(url) = &self.ready {
            return ready::ask(url).await;
        }
        let (servers, prerequisites) =
            tokio::join!(servers::look(&self.connection), tokio::task::spawn_blocking(prerequisites));
        let prerequisites = prerequisites?;
        let can_start = suffice(&prerequisites);
        let prerequisites = prerequisites.into_iter().map(|prerequisite| Finding {
            what: prerequisite.name.to_owned(),
            found: prerequisite.found,
            how_to_get: prerequisite.how_to_get.to_owned(),
        });
        let findings = Findings { servers, prerequisites: prerequisites.collect() };
        let well = can_start || findings.servers.iter().all(|finding| finding.found.is_some());
        if self.json {
            print_json(&findings)?
        } else {
            show(&findings, well)?
        }
        Ok(well)
    }
}

fn show(findings: &Findings, well: bool) -> Result<()> {
    for (title, part) in [("server", &findings.servers), ("prerequisite", &findings.prerequisites)] {
        let mut table = table([title, "found", "else"]);
        for finding in part {
            let (found, hint) = match &finding.found {
                Some(found) => (found.as_str(), ""),
                None => ("no", finding.how_to_get.as_str()),
            };
            table.add_row([finding.what.as_str(), found, hint]);
        }
        print(format!("{table}\n"))?;
    }
    print(if well {
        "good: `orderflow demo` and `cargo test` start what is not there"
    } else {
        "not enough: start the servers, or install the prerequisites"
    })
}
