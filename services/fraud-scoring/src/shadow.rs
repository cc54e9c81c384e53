//! What a version on trial said of an order, beside the decision.

use orderflow::events::{Reason, ShadowScored};
use orderflow_model::manifest::Thresholds;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{Judged, Policy, refuses, rounded, told},
    model::NAME,
    scorer::Score,
};

/// What it said. It is kept with the decision: with another version on trial a repeat still says the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    /// The version.
    pub version: String,
    /// What ran it.
    pub engine: String,
    /// 0 (harmless) to 1 (fraud).
    pub score: f64,
    /// The score above which it would have refused the order.
    pub threshold: f64,
    /// The score from which on it would have held the order.
    pub hold_threshold: f64,
    /// What raised the score, heaviest first.
    pub reasons: Vec<Reason>,
    /// How long the run took for one order, in microseconds.
    pub micros: f64,
}

impl Shadow {
    /// Of this score of a run that took so long for each order.
    #[must_use]
    pub fn of(score: &Score, micros: f64, policy: &Policy) -> Self {
        let Thresholds { refuse, hold } = policy.thresholds(score);
        Self {
            version: score.version.to_string(),
            engine: score.engine.to_string(),
            score: rounded(score.value.clamp(0.0, 1.0)),
            threshold: refuse,
            hold_threshold: hold,
            reasons: told(&score.reasons),
            micros: (micros * 1e3).round() / 1e3,
        }
    }

    /// The event that tells of it, beside what was decided.
    #[must_use]
    pub fn scored(&self, order_id: Uuid, order_event_id: Uuid, judged: &Judged) -> ShadowScored {
        let decision = &judged.decision;
        ShadowScored {
            order_id,
            order_event_id,
            model: NAME.to_owned(),
            version: self.version.clone(),
            engine: self.engine.clone(),
            score: self.score,
            threshold: self.threshold,
            hold_threshold: self.hold_threshold,
            reasons: self.reasons.clone(),
            micros: self.micros,
            decided_score: decision.score,
            decided_by: decision.scorer.clone(),
            decided_version: decision.scorer_version.clone(),
            decided_outcome: outcome(judged).to_owned(),
            scored_at: decision.decided_at,
        }
    }
}

/// What was decided, in a word.
fn outcome(judged: &Judged) -> &'static str {
    match judged.review {
        Some(_) => "held",
        None if refuses(&judged.decision) => "refused",
        None => "validated",
    }
}
