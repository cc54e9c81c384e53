//! The decisions, as plain functions: of a score and the policy, and of a review.

use jiff::{SignedDuration, Timestamp};
use orderflow::events::{FeatureVector, FraudDecision, Reason};
use orderflow_model::manifest::Thresholds;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    scorer::Score,
    shadow::Shadow,
    vector::{DEFINITION, LEN},
};

/// How scores become decisions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// A score above this refuses the order; 0 to 1. None: whoever scored says.
    pub threshold: Option<f64>,
    /// A score from this on holds the order for a person to review, unless it is refused; 0 to 1. None: whoever scored
    /// says.
    pub hold_threshold: Option<f64>,
    /// How long a person has for it.
    pub review_time: SignedDuration,
}

impl Policy {
    /// When this score decides.
    #[must_use]
    pub fn thresholds(&self, score: &Score) -> Thresholds {
        Thresholds {
            refuse: self.threshold.unwrap_or(score.thresholds.refuse),
            hold: self.hold_threshold.unwrap_or(score.thresholds.hold),
        }
    }
}

/// What was decided on a placed order. What is said of it is a function of this alone, so that a repeat under another
/// policy says what was said first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The decision.
    #[serde(flatten)]
    pub decision: FraudDecision,
    /// When the order is held: the deadlines of its review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewTimes>,
    /// What a version on trial said of the same order. Kept with the decision, so that a repeat says it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
}

/// The deadlines of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewTimes {
    /// Half of the time has passed: people are reminded.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub escalate_at: Timestamp,
    /// Policy decides, if nobody has.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub review_by: Timestamp,
}

/// How a held order ends. The first closing counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The event that closes it: the review, the cancel, or, at the deadline, the OrderPlaced that waits.
    pub by: Uuid,
    /// What becomes of it.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
    /// Who decided; empty for a cancel.
    pub reviewer: String,
    /// Why, in the reviewer's words; empty for a cancel.
    pub reason: String,
}

/// What becomes of a held order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It may go on.
    Approved,
    /// It is refused as fraud.
    Rejected,
    /// Its customer has taken it back.
    Cancelled,
}

/// The decision on an order with this score, made by these features. Reasons come heaviest first.
///
/// Numbers are rounded to six decimals: then the same decision comes back bit by bit from JSON and from Avro.
#[must_use]
pub fn decide(score: &Score, features: &[f32; LEN], policy: &Policy, decided_at: Timestamp) -> Judged {
    let Thresholds { refuse, hold } = policy.thresholds(score);
    let decision = FraudDecision {
        score: rounded(score.value.clamp(0.0, 1.0)),
        threshold: refuse,
        hold_threshold: hold,
        reasons: told(&score.reasons),
        scorer: score.scorer.to_string(),
        scorer_version: score.version.to_string(),
        decided_at,
        reviewer: None,
        review_reason: None,
        features: FeatureVector(features.to_vec()),
        features_definition: DEFINITION.cast_signed(),
        engine: score.engine.to_string(),
        fallback: score.fallback.map(str::to_owned),
        valid_until: score.valid_until,
    };
    let held = decision.score >= decision.hold_threshold && !refuses(&decision);
    Judged { review: held.then(|| ReviewTimes::of(decided_at, policy.review_time)), decision, shadow: None }
}

/// Reasons as events tell them: rounded, heaviest first.
pub(crate) fn told(reasons: &[Reason]) -> Vec<Reason> {
    let round = |reason: &Reason| Reason { weight: rounded(reason.weight), ..reason.clone() };
    let mut reasons: Vec<Reason> = reasons.iter().map(round).collect();
    reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.code.cmp(&b.code)));
    reasons
}

/// Whether the decision refuses the order.
#[must_use]
pub fn refuses(decision: &FraudDecision) -> bool {
    decision.score > decision.threshold
}

/// What policy makes of a held order that nobody has reviewed in time.
#[must_use]
pub fn on_expiry(score: f64, reject_above: f64) -> Ending {
    if score > reject_above { Ending::Rejected } else { Ending::Approved }
}

/// The decision on a held order once it is closed: as it was scored, with who decided, when and why.
#[must_use]
pub fn reviewed(scored: FraudDecision, closing: &Closing) -> FraudDecision {
    FraudDecision {
        decided_at: closing.at,
        reviewer: Some(closing.reviewer.clone()),
        review_reason: Some(closing.reason.clone()),
        ..scored
    }
}

impl ReviewTimes {
    fn of(held_at: Timestamp, time: SignedDuration) -> Self {
        // The sum fails only for spans of calendar units, which this is not.
        let after = |time: SignedDuration| held_at.saturating_add(time).unwrap_or(Timestamp::MAX);
        Self { escalate_at: after(time / 2), review_by: after(time) }
    }
}

impl Closing {
    /// By a request to cancel.
    #[must_use]
    pub fn cancelled(by: Uuid, at: Timestamp) -> Self {
        Self { by, ending: Ending::Cancelled, at, reviewer: String::new(), reason: String::new() }
    }
}

impl Ending {
    /// Every ending, and how it is written.
    const ALL: [(Self, &'static str); 3] =
        [(Self::Approved, "approved"), (Self::Rejected, "rejected"), (Self::Cancelled, "cancelled")];

    /// As it is written in Redis.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(ending, _)| *ending == self).map_or("", |(_, name)| name)
    }

    /// Reads what [`Self::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(ending, _)| *ending)
    }

    /// What a reviewer's word makes of the order: `approve` or `reject`, and no other word.
    #[must_use]
    pub fn of_review(word: &str) -> Option<Self> {
        match word {
            "approve" => Some(Self::Approved),
            "reject" => Some(Self::Rejected),
            _ => None,
        }
    }
}

pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
#[path = "domain_tests.rs"]
mod tests;
