//! `orderflow rebuild`: has a service rebuild its state from the log.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use orderflow::{config::seconds, runtime::Refold, state::by_hand::Standing};
use serde_json::json;
use tokio::time::Instant;

use super::{
    print, print_json,
    verify::{Asked, told},
};
use crate::{connection::Connection, recovery::SERVICES};

const EXAMPLES: &str = "\
Examples:
  orderflow rebuild inventory             says what it would do, and does nothing
  orderflow rebuild inventory --yes       does it, waits for it, and verifies

The live generation of the state is taken away, so that every effect fails closed; the first instance that notices
rebuilds it from the log, and all go on from where they had committed. Nothing is lost that is on the log. Exit code 1
when the rebuilt state differs from the log.";

const BETWEEN: Duration = Duration::from_millis(200);
/// Within this time an instance has noticed: each looks once a second.
const NOTICE: Duration = Duration::from_secs(30);

/// Has a service rebuild its state from the log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Rebuild {
    /// The service.
    #[arg(value_parser = SERVICES)]
    service: String,
    /// Do it.
    #[arg(long)]
    yes: bool,
    /// For how many seconds to wait until it is rebuilt.
    #[arg(long, default_value = "600", value_parser = seconds)]
    within: Duration,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Rebuild {
    pub(super) async fn run(self) -> Result<bool> {
        let (servers, names) = (&self.connection.servers, self.connection.names());
        let refold = self.asked.folds.begin(servers, &names, &self.service).await?;
        let standing = refold.standing().await?;
        if !self.yes {
            let plan = self.plan(&refold, &standing).await?;
            refold.end().await?;
            return if self.json { print_json(&json!({ "plan": plan })) } else { print(plan) }.map(|()| true);
        }
        if let (Some(generation), None) = (standing.generation, &standing.rebuilding) {
            // Already another one when this is false: somebody has rebuilt it just now.
            refold.live().have_rebuilt(generation).await?;
        }
        let generation = self.rebuilt(&refold, standing.generation).await?;
        let found = self.asked.verify(&self.service, refold).await?;
        if self.json {
            print_json(&json!({ "generation": generation, "verified": found }))?;
        } else {
            print(format!("{} is rebuilt: generation {generation}\n{}", self.service, told(&found)))?;
        }
        Ok(found.is_well())
    }

    async fn plan(&self, refold: &Refold, standing: &Standing) -> Result<String> {
        let (service, members) = (&self.service, refold.members().await?);
        let state = match (&standing.rebuilding, standing.generation) {
            (Some(_), _) => "its state is being rebuilt already".to_owned(),
            (None, Some(generation)) => {
                format!("generation {generation} of its state would be taken away, and the next one built")
            }
            (None, None) => "it has no live state: the next instance that starts builds it".to_owned(),
        };
        let instances = match members.len() {
            0 => "members of its group: none (a service without a group has none)".to_owned(),
            count => {
                format!("members of its group, one of which would do it: {count} ({})", members.join(", "))
            }
        };
        Ok(format!("{service}: {state}\n{instances}\nmeanwhile it handles nothing. To do it, add --yes"))
    }

    /// Waits for another generation than `old`.
    async fn rebuilt(&self, refold: &Refold, old: Option<u64>) -> Result<u64> {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len} records");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (begun, mut noticed) = (Instant::now(), false);
        loop {
            let Standing { generation, rebuilding } = refold.standing().await?;
            match (generation.filter(|now| Some(*now) != old), rebuilding) {
                (Some(generation), None) => {
                    bar.finish_and_clear();
                    return Ok(generation);
                }
                (_, Some(told)) => {
                    noticed = true;
                    bar.set_message(format!("{} rebuilds", told.instance));
                    bar.set_length(told.expected);
                    bar.set_position(told.folded);
                }
                (None, None) => ensure!(noticed || begun.elapsed() < NOTICE, self.nobody()),
            }
            if begun.elapsed() > self.within {
                bail!("{} is not rebuilt within {} s; it goes on", self.service, self.within.as_secs());
            }
            refold.beside().keep().await.context("Redis does not answer")?;
            tokio::time::sleep(BETWEEN).await;
        }
    }

    fn nobody(&self) -> String {
        let (service, seconds) = (&self.service, NOTICE.as_secs());
        format!(
            "nobody has begun within {seconds} s: start an instance of {service}, it rebuilds before anything else"
        )
    }
}
