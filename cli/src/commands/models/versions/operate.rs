//! `orderflow models shadow|canary|rollback|off|on`: each one change of the state.

use anyhow::{Context, Result, ensure};
use clap::Args;
use orderflow::{clock::Clock, events::ModelState};
use orderflow_versions::{
    Asked, Changed, Wish, carry_out,
    known::{name, state_json, trial},
};

use super::Operator;
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const SHADOW: &str = "\
Examples:
  orderflow models shadow 2025-12-01 --by ada --reason 'trained on the orders of November'
  orderflow models shadow --none --by ada --reason 'it holds too many'       ends a shadow or a canary

What it would have said lands on `fraud.shadow`, and `orderflow models report` compares it with what was decided.";

const CANARY: &str = "\
Example:
  orderflow models canary 2025-12-01 --share 0.05 --by ada --reason 'the report shows no harm'

The same customers as long as the share is the same; with a larger one they stay in. `orderflow models shadow --none`
ends it.";

const ROLLBACK: &str = "\
Example:
  orderflow models rollback --by support-7 --reason 'refuses orders from Norway'

Goes back one step, to what was live before the last promotion.";

const OFF: &str = "\
Example:
  orderflow models off --by support-7 --reason 'incident 2025-31'

Rules decide until `orderflow models on`. Which versions are live and tried stays as it is.";

const ON: &str = "\
Example:
  orderflow models on --by support-7 --reason 'incident 2025-31 is over'";

/// What every change has.
#[derive(Debug, Args)]
pub(super) struct Common {
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Tries a version beside the live one.
#[derive(Debug, Args)]
#[command(after_help = SHADOW)]
pub(in crate::commands) struct Shadow {
    /// Which version; it must be published.
    #[arg(required_unless_present = "none")]
    version: Option<String>,
    /// Try none any more.
    #[arg(long, conflicts_with = "version")]
    none: bool,
    #[command(flatten)]
    common: Common,
}

/// Lets a version decide the orders of some customers.
#[derive(Debug, Args)]
#[command(after_help = CANARY)]
pub(in crate::commands) struct Canary {
    /// Which version; it must be published.
    version: String,
    /// Of how many customers: above 0, up to 1.
    #[arg(long, value_parser = share)]
    share: f64,
    #[command(flatten)]
    common: Common,
}

/// Makes the version that was live before the live one again.
#[derive(Debug, Args)]
#[command(after_help = ROLLBACK)]
pub(in crate::commands) struct Rollback {
    #[command(flatten)]
    common: Common,
}

/// Switches the model off.
#[derive(Debug, Args)]
#[command(after_help = OFF)]
pub(in crate::commands) struct Off {
    #[command(flatten)]
    common: Common,
}

/// Switches the model on again.
#[derive(Debug, Args)]
#[command(after_help = ON)]
pub(in crate::commands) struct On {
    #[command(flatten)]
    common: Common,
}

impl Shadow {
    pub(super) async fn run(self) -> Result<bool> {
        self.common.carry_out(Wish::Shadow(self.version)).await
    }
}

impl Canary {
    pub(super) async fn run(self) -> Result<bool> {
        self.common.carry_out(Wish::Canary { version: self.version, share: self.share }).await
    }
}

impl Rollback {
    pub(super) async fn run(self) -> Result<bool> {
        self.common.carry_out(Wish::RollBack).await
    }
}

impl Off {
    pub(super) async fn run(self) -> Result<bool> {
        self.common.carry_out(Wish::Switch { on: false }).await
    }
}

impl On {
    pub(super) async fn run(self) -> Result<bool> {
        self.common.carry_out(Wish::Switch { on: true }).await
    }
}

impl Common {
    /// Changes the newest state, and shows what it has become.
    pub(super) async fn carry_out(&self, wish: Wish) -> Result<bool> {
        let Operator { by, reason } = &self.operator;
        let asked = Asked { by: by.clone(), reason: reason.clone(), at: Clock::system().now() };
        let Changed { state, .. } = carry_out(&self.connection.access()?, &wish, &asked).await?;
        if self.json {
            print_json(&state_json(&state))?
        } else {
            print(text(&state))?
        }
        Ok(true)
    }
}

fn text(state: &ModelState) -> String {
    let live = name(state.live.as_ref());
    let decides =
        if state.on { format!("{live} decides") } else { "the model is off, rules decide".to_owned() };
    match &state.candidate {
        Some(candidate) => format!("{decides}; {} is tried: {}", candidate.version, trial(state)),
        None => decides,
    }
}

fn share(text: &str) -> Result<f64> {
    let share: f64 = text.parse().context("it is no number")?;
    ensure!(share > 0.0 && share <= 1.0, "it must be above 0, and at most 1");
    Ok(share)
}
