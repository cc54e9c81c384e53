//! What becomes of the state when an operator asks for something: data to data, or why not.

#[cfg(test)]
mod tests;

use anyhow::{Result, bail, ensure};
use jiff::Timestamp;
use orderflow::events::{
    ModelPromoted, ModelRolledBack, ModelState, ModelSwitched, ModelTrialled, ModelVersion,
};

use crate::known::name;

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Tries a version.
    Try {
        /// Which.
        version: ModelVersion,
        /// For which share of the customers it decides; `None` lets it decide nothing.
        share: Option<f64>,
    },
    /// Tries none any more.
    EndTrial,
    /// Makes a version the live one.
    Promote {
        /// Which.
        version: ModelVersion,
        /// Whether it was not passed, and is promoted all the same.
        forced: bool,
        /// What the gate found.
        gate: String,
    },
    /// Goes back to what was live before.
    RollBack,
    /// Lets the model decide, or the rules.
    Switch {
        /// Whether the model does.
        on: bool,
    },
}

/// Who asks, why, and when.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The operator.
    pub by: String,
    /// In their words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What is told on `models`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What is tried.
    Trialled(ModelTrialled),
    /// What is live.
    Promoted(ModelPromoted),
    /// What is live again.
    RolledBack(ModelRolledBack),
    /// Whether the model decides.
    Switched(ModelSwitched),
}

/// The state before anybody has changed anything.
#[must_use]
pub fn nothing_yet(model: &str) -> ModelState {
    ModelState {
        model: model.to_owned(),
        revision: 0,
        on: true,
        live: None,
        previous: None,
        can_roll_back: false,
        candidate: None,
        mode: "none".to_owned(),
        share: 0.0,
        changed_by: String::new(),
        reason: String::new(),
        changed_at: Timestamp::UNIX_EPOCH,
    }
}

/// The next state, and the event that tells of it.
///
/// # Errors
/// When the change is not possible, or changes nothing: what to do instead.
pub fn next(state: &ModelState, change: Change, asked: &Asked) -> Result<(Event, ModelState)> {
    let mut next = ModelState {
        revision: state.revision + 1,
        changed_by: asked.by.clone(),
        reason: asked.reason.clone(),
        changed_at: asked.at,
        ..state.clone()
    };
    let event = match change {
        Change::Try { version, share } => trial(&mut next, version, share, asked)?,
        Change::EndTrial => {
            ensure!(next.candidate.is_some(), "no version is tried: there is nothing to end");
            end_trial(&mut next);
            Event::Trialled(trialled(&next, asked))
        }
        Change::Promote { version, forced, gate } => promote(&mut next, version, forced, gate, asked)?,
        Change::RollBack => roll_back(&mut next, asked)?,
        Change::Switch { on } => {
            ensure!(next.on != on, "the model is {} already", if on { "on" } else { "off" });
            next.on = on;
            let (model, switched_by, reason) = (next.model.clone(), asked.by.clone(), asked.reason.clone());
            Event::Switched(ModelSwitched { model, on, switched_by, reason, switched_at: asked.at })
        }
    };
    Ok((event, next))
}

fn trial(next: &mut ModelState, version: ModelVersion, share: Option<f64>, asked: &Asked) -> Result<Event> {
    let named = &version.version;
    if next.live.as_ref() == Some(&version) {
        bail!("version {named} is live: there is nothing to compare it with; try another one");
    }
    let (mode, share) = share.map_or(("shadow", 0.0), |share| ("canary", share));
    let same = next.candidate.as_ref() == Some(&version) && next.mode == mode && next.share == share;
    ensure!(!same, "version {named} is tried so already: `orderflow models report {named}` says how it does");
    next.candidate = Some(version);
    mode.clone_into(&mut next.mode);
    next.share = share;
    Ok(Event::Trialled(trialled(next, asked)))
}

fn promote(
    next: &mut ModelState,
    version: ModelVersion,
    forced: bool,
    gate: String,
    asked: &Asked,
) -> Result<Event> {
    ensure!(next.live.as_ref() != Some(&version), "version {} is live already", version.version);
    let replaced = next.live.replace(version.clone());
    next.previous.clone_from(&replaced);
    next.can_roll_back = true;
    end_trial_of_live(next);
    Ok(Event::Promoted(ModelPromoted {
        model: next.model.clone(),
        version,
        replaced,
        forced,
        gate,
        promoted_by: asked.by.clone(),
        reason: asked.reason.clone(),
        promoted_at: asked.at,
    }))
}

fn roll_back(next: &mut ModelState, asked: &Asked) -> Result<Event> {
    let Some(replaced) = next.live.clone().filter(|_| next.can_roll_back) else {
        bail!(
            "there is nothing to go back to from {}: promote another version, or switch the model off",
            name(next.live.as_ref())
        );
    };
    next.live = next.previous.take();
    next.can_roll_back = false;
    end_trial_of_live(next);
    Ok(Event::RolledBack(ModelRolledBack {
        model: next.model.clone(),
        version: next.live.clone(),
        replaced,
        rolled_back_by: asked.by.clone(),
        reason: asked.reason.clone(),
        rolled_back_at: asked.at,
    }))
}

/// What is live is not tried any more; another version goes on being tried beside it.
fn end_trial_of_live(next: &mut ModelState) {
    if next.live.is_some() && next.candidate == next.live {
        end_trial(next);
    }
}

fn end_trial(next: &mut ModelState) {
    next.candidate = None;
    "none".clone_into(&mut next.mode);
    next.share = 0.0;
}

fn trialled(next: &ModelState, asked: &Asked) -> ModelTrialled {
    ModelTrialled {
        model: next.model.clone(),
        version: next.candidate.clone(),
        mode: next.mode.clone(),
        share: next.share,
        trialled_by: asked.by.clone(),
        reason: asked.reason.clone(),
        trialled_at: asked.at,
    }
}
