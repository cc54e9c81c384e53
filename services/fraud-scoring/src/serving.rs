//! What serves: who decides, and what is tried beside it. It is replaced as a whole, between two batches.

use std::sync::Arc;

use orderflow::{events::ModelVersion, fault::Fault, metrics};
use orderflow_model::Slot;
use tokio::task::JoinSet;

use crate::{
    guard::{Guard, Why},
    model::Version,
    predictions::Predictions,
    rules::{self, Rules},
    scorer::{Score, Scorer, Scores, Seen, ShadowRun},
    wanted::Mode,
};

/// Why somebody else decided, as decisions tell it: the live version failed, or is left alone.
const FAILED: &str = "model_failed";
const LEFT_ALONE: &str = "breaker_open";
/// The same of the version that is tried, where it should have decided.
const CANDIDATE_FAILED: &str = "candidate_failed";
const CANDIDATE_LEFT_ALONE: &str = "candidate_breaker_open";
/// No version could be fetched and verified yet.
pub const UNAVAILABLE: &str = "model_unavailable";

/// What serves. Never changed, only replaced.
pub struct Serving {
    /// Who decides.
    pub deciding: Deciding,
    /// What is tried.
    pub trial: Option<Trial>,
}

/// Who decides.
#[derive(Clone)]
pub enum Deciding {
    /// A version of the model.
    Model(Arc<Version>),
    /// Rules, and why, where a model should.
    Rules(Option<&'static str>),
}

/// A version that is tried.
#[derive(Clone)]
pub struct Trial {
    /// The version.
    pub version: Arc<Version>,
    /// How.
    pub mode: Mode,
}

/// How versions are run, by their role.
#[derive(Clone)]
pub struct Guards {
    /// The one that decides.
    pub live: Guard,
    /// The one that is tried.
    pub candidate: Guard,
}

/// Scores by what serves at the moment a batch comes.
pub struct Served {
    /// What serves.
    pub slot: Arc<Slot<Serving>>,
    /// How it is run.
    pub guards: Guards,
    /// What versions have said a moment ago.
    pub predictions: Predictions,
    /// Who decides where no model does.
    pub rules: Rules,
    /// Puts other versions into the slot, as long as this lives.
    pub keeper: JoinSet<()>,
}

/// An order that waits for its score.
struct Open<'s> {
    seen: &'s Seen,
    score: Option<Score>,
    why: Option<&'static str>,
}

impl Serving {
    /// The published version, if it is one that serves.
    #[must_use]
    pub fn version(&self, published: &ModelVersion) -> Option<Arc<Version>> {
        let live = match &self.deciding {
            Deciding::Model(version) => Some(version),
            Deciding::Rules(_) => None,
        };
        let all = live.into_iter().chain(self.trial.as_ref().map(|trial| &trial.version));
        all.into_iter().find(|version| version.published.as_ref() == Some(published)).cloned()
    }

    /// Whether the same decides in both.
    pub(crate) fn is_decided_as(&self, other: &Self) -> bool {
        match (&self.deciding, &other.deciding) {
            (Deciding::Model(one), Deciding::Model(other)) => Arc::ptr_eq(one, other),
            (Deciding::Rules(one), Deciding::Rules(other)) => one == other,
            _ => false,
        }
    }

    /// Whether the same version is tried in both, or none.
    pub(crate) fn tries_the_version_of(&self, other: &Self) -> bool {
        match (&self.trial, &other.trial) {
            (Some(one), Some(other)) => Arc::ptr_eq(&one.version, &other.version),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// How a version is tried.
    pub(crate) fn mode(&self) -> Option<Mode> {
        self.trial.as_ref().map(|trial| trial.mode)
    }

    /// The same in a word.
    pub(crate) fn mode_name(&self) -> &'static str {
        match self.mode() {
            None => "none",
            Some(Mode::Shadow) => "shadow",
            Some(Mode::Canary(_)) => "canary",
        }
    }
}

impl Deciding {
    /// Who decides, for people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Model(version) => &version.name,
            Self::Rules(_) => rules::NAME,
        }
    }

    /// What runs it.
    pub(crate) fn engine(&self) -> &'static str {
        match self {
            Self::Model(version) => version.engine,
            Self::Rules(_) => rules::NAME,
        }
    }
}

impl Scorer for Served {
    fn score(&self, batch: &[Seen]) -> Result<Scores, Fault> {
        let serving = self.slot.current(); // once: no batch sees parts of two
        let deciding = self.decide(&serving, batch);
        Ok(Scores { deciding, shadow: self.shadow(&serving, batch) })
    }
}

impl Served {
    /// One score of each order: by the version that is tried, where it decides; else by the live one; else by rules.
    fn decide(&self, serving: &Serving, batch: &[Seen]) -> Vec<Score> {
        let mut orders: Vec<Open<'_>> =
            batch.iter().map(|seen| Open { seen, score: None, why: None }).collect();
        if let Some(Trial { version, mode: Mode::Canary(share) }) = &serving.trial {
            let is_of_it = |seen: &Seen| share.has(&seen.customer_id, &version.name);
            let whys = [CANDIDATE_FAILED, CANDIDATE_LEFT_ALONE];
            self.fill(&self.guards.candidate, version, &mut orders, is_of_it, whys);
        }
        let off = match &serving.deciding {
            Deciding::Model(version) => {
                self.fill(&self.guards.live, version, &mut orders, |_| true, [FAILED, LEFT_ALONE]);
                None
            }
            Deciding::Rules(why) => *why,
        };
        orders.into_iter().map(|open| self.answer(open, off)).collect()
    }

    fn answer(&self, Open { seen, score, why }: Open<'_>, off: Option<&'static str>) -> Score {
        let by_rules = score.is_none();
        let score = score.unwrap_or_else(|| self.rules.judge(&seen.features));
        let fallback = why.or(if by_rules { off } else { None });
        if let Some(cause) = fallback {
            ::metrics::counter!(metrics::MODEL_FALLBACKS, "cause" => cause).increment(1);
        }
        Score { fallback, ..score }
    }

    /// Has a version score those of the open orders that are its own, in one run; what it has said a moment ago it is not
    /// asked again.
    fn fill(
        &self,
        guard: &Guard,
        version: &Version,
        orders: &mut [Open<'_>],
        is_its_own: impl Fn(&Seen) -> bool,
        [failed, left_alone]: [&'static str; 2],
    ) {
        let mut own: Vec<&mut Open<'_>> =
            orders.iter_mut().filter(|open| open.score.is_none() && is_its_own(open.seen)).collect();
        own.iter_mut().for_each(|open| open.score = self.predictions.find(version, open.seen));
        own.retain(|open| open.score.is_none());
        if own.is_empty() {
            return;
        }
        let seen: Vec<&Seen> = own.iter().map(|open| open.seen).collect();
        match guard.run(version, &seen) {
            Ok(run) => own.iter_mut().zip(run.scores).for_each(|(open, score)| {
                open.score = Some(self.predictions.keep(version, open.seen, score))
            }),
            Err(why) => {
                let why = if why == Why::Failed { failed } else { left_alone };
                // The first choice that did not score is the one that is told.
                own.iter_mut().for_each(|open| open.why = open.why.or(Some(why)));
            }
        }
    }

    /// What a version in shadow says. Its failure is its own: it has been told, and counted by its breaker.
    fn shadow(&self, serving: &Serving, batch: &[Seen]) -> Option<ShadowRun> {
        let Some(Trial { version, mode: Mode::Shadow }) = &serving.trial else { return None };
        let run = self.guards.candidate.run(version, &batch.iter().collect::<Vec<_>>()).ok()?;
        Some(ShadowRun {
            micros: run.took.as_secs_f64() * 1e6 / batch.len().max(1) as f64,
            scores: run.scores,
        })
    }
}

#[cfg(test)]
#[path = "serving_tests.rs"]
mod tests;
