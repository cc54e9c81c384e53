//! A change of which versions serve, carried out for an operator.

use anyhow::{Result, ensure};
use orderflow::events::ModelState;
use orderflow_letters::Access;
use thiserror::Error;
use uuid::Uuid;

use crate::{Asked, Change, Gate, Judgement, Known, Ledger, Numbers, change::next};

/// What an operator wants.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A version is tried beside the live one; `None` ends that.
    Shadow(Option<String>),
    /// A version decides for this share of the customers.
    Canary {
        /// Which.
        version: String,
        /// Above 0, at most 1.
        share: f64,
    },
    /// A version is the live one, if it passes the gate or is forced.
    Promote {
        /// Which.
        version: String,
        /// Also if it does not pass.
        force: bool,
        /// What it has to pass.
        gate: Gate,
    },
    /// What was live before is live again.
    RollBack,
    /// The model decides, or rules do.
    Switch {
        /// Whether the model does.
        on: bool,
    },
}

/// Why nothing is changed.
#[derive(Debug, Error)]
pub enum Refusal {
    /// There is no such version.
    #[error("version {0:?} is not published: see `orderflow models list`, or publish it first")]
    Unknown(String),
    /// It cannot be, or is so already.
    #[error("{0}")]
    Stays(String),
    /// The version does not pass the gate.
    #[error(
        "version {version} does not pass the gate:\n{}\ntry it longer (`orderflow models shadow {version}`), see \
         `orderflow models report {version}`, or promote it all the same with --force",
        judgement.failures()
    )]
    Gate {
        /// Which.
        version: String,
        /// What the gate says.
        judgement: Judgement,
    },
}

/// What was changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The event that tells of it.
    pub event_id: Uuid,
    /// The state it has led to.
    pub state: ModelState,
}

/// Changes the newest state.
///
/// # Errors
/// A [`Refusal`] when nothing is changed for a reason; else what Kafka or the registry does not answer.
pub async fn carry_out(access: &Access, wish: &Wish, asked: &Asked) -> Result<Changed> {
    // Before the right to write is taken: it reads for a while, and others may have something urgent.
    let judged = match wish {
        Wish::Promote { version, force, gate } => Some(judged(access, version, *force, gate).await?),
        _ => None,
    };
    let ledger = Ledger::open(access).await?;
    let known = Known::read(access).await?;
    let change = match wish {
        Wish::Shadow(None) => Change::EndTrial,
        Wish::Shadow(Some(version)) => {
            Change::Try { version: known.version(version)?.version.clone(), share: None }
        }
        Wish::Canary { version, share } => {
            Change::Try { version: known.version(version)?.version.clone(), share: Some(*share) }
        }
        Wish::Promote { version, .. } => {
            let (passed, gate) = judged.map_or((false, String::new()), |j| (j.passed, j.in_a_line()));
            Change::Promote { version: known.version(version)?.version.clone(), forced: !passed, gate }
        }
        Wish::RollBack => Change::RollBack,
        Wish::Switch { on } => Change::Switch { on: *on },
    };
    let (event, state) =
        next(&known.state, change, asked).map_err(|why| Refusal::Stays(format!("{why:#}")))?;
    let event_id = ledger.change(&event, &state).await?;
    Ok(Changed { event_id, state })
}

async fn judged(access: &Access, version: &str, force: bool, gate: &Gate) -> Result<Judgement> {
    Known::read(access).await?.version(version)?;
    let judgement = gate.judge(&Numbers::read(access, version).await?);
    ensure!(judgement.passed || force, Refusal::Gate { version: version.to_owned(), judgement });
    Ok(judgement)
}
