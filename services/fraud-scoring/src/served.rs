//! Scores by what serves: the version that is tried, the live one, the one before it, rules.

use std::sync::Arc;

use orderflow::{fault::Fault, metrics};
use orderflow_model::Slot;
use tokio::task::JoinSet;

use crate::{
    drift::Watch,
    guard::{Guard, Why},
    model::Version,
    predictions::Predictions,
    rules::Rules,
    scorer::{Score, Scorer, Scores, Seen, ShadowRun},
    serving::{Deciding, Serving, Trial},
    wanted::Mode,
};

/// Why somebody else decided, as decisions tell it: the live version failed, or is left alone.
const FAILED: &str = "model_failed";
const LEFT_ALONE: &str = "breaker_open";
/// The same of the version that is tried, where it should have decided.
const CANDIDATE_FAILED: &str = "candidate_failed";
const CANDIDATE_LEFT_ALONE: &str = "candidate_breaker_open";

/// How versions are run, by their role.
#[derive(Clone)]
pub struct Guards {
    /// The one that decides.
    pub live: Guard,
    /// The one that is tried.
    pub candidate: Guard,
    /// The one that decides instead of the live one.
    pub previous: Guard,
}

/// Scores by what serves at the moment a batch comes.
pub struct Served {
    /// What serves.
    pub slot: Arc<Slot<Serving>>,
    /// How it is run.
    pub guards: Guards,
    /// Whether orders and scores still are what they were in training.
    pub drift: Watch,
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
        let cause = self.drift.cause(serving);
        let off = match (&serving.deciding, cause) {
            (Deciding::Model(version), None) => {
                let whys = [FAILED, LEFT_ALONE];
                let scored = self.fill(&self.guards.live, version, &mut orders, |_| true, whys);
                self.drift.observe(serving, scored);
                None
            }
            (Deciding::Model(version), Some(cause)) => {
                self.measure(serving, version, &orders);
                self.fill_instead(serving, cause, &mut orders);
                None
            }
            (Deciding::Rules(why), _) => *why,
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

    /// What the live version would say of the open orders. It decides none of them, but it is measured on.
    fn measure(&self, serving: &Serving, version: &Version, orders: &[Open<'_>]) {
        let open: Vec<&Seen> =
            orders.iter().filter(|open| open.score.is_none()).map(|open| open.seen).collect();
        if open.is_empty() {
            return;
        }
        // A failure is its own, as a candidate's is: it has been told, and counted by its breaker.
        if let Ok(run) = self.guards.live.run(version, &open) {
            self.drift.observe(serving, open.into_iter().zip(run.scores.iter().map(|score| score.value)));
        }
    }

    /// Has the version before the live one score the open orders, if there is one. The first choice that did not score
    /// them is the one that is told: a candidate, or the live version.
    fn fill_instead(&self, serving: &Serving, cause: &'static str, orders: &mut [Open<'_>]) {
        let open = orders.iter_mut().filter(|open| open.score.is_none());
        open.for_each(|open| open.why = open.why.or(Some(cause)));
        if let Some(previous) = &serving.previous {
            self.fill(&self.guards.previous, previous, orders, |_| true, [cause, cause]);
        }
    }

    /// Has a version score those of the open orders that are its own, in one run; what it has said a moment ago it is not
    /// asked again. Returns what it has said now.
    fn fill<'s>(
        &self,
        guard: &Guard,
        version: &Version,
        orders: &mut [Open<'s>],
        is_its_own: impl Fn(&Seen) -> bool,
        [failed, left_alone]: [&'static str; 2],
    ) -> Vec<(&'s Seen, f64)> {
        let mut own: Vec<&mut Open<'s>> =
            orders.iter_mut().filter(|open| open.score.is_none() && is_its_own(open.seen)).collect();
        own.iter_mut().for_each(|open| open.score = self.predictions.find(version, open.seen));
        own.retain(|open| open.score.is_none());
        if own.is_empty() {
            return Vec::new();
        }
        let seen: Vec<&'s Seen> = own.iter().map(|open| open.seen).collect();
        match guard.run(version, &seen) {
            Ok(run) => {
                let scored = seen.into_iter().zip(run.scores.iter().map(|score| score.value)).collect();
                own.iter_mut().zip(run.scores).for_each(|(open, score)| {
                    open.score = Some(self.predictions.keep(version, open.seen, score))
                });
                scored
            }
            Err(why) => {
                let why = if why == Why::Failed { failed } else { left_alone };
                // The first choice that did not score is the one that is told.
                own.iter_mut().for_each(|open| open.why = open.why.or(Some(why)));
                Vec::new()
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
#[path = "served_tests.rs"]
mod tests;
