//! The scorer that is always there: rules. Each measures one number and has a ladder of weights; the weights combine so that more
//! suspicion never lowers the score and no sum exceeds 1.

mod amount;
mod identity;
mod place;
mod velocity;

use orderflow::{events::Reason, fault::Fault};
use orderflow_model::manifest::Thresholds;

use crate::{
    features::Features,
    scorer::{Score, Scorer, Scores, Seen},
};

/// The name of this scorer in decisions.
pub const NAME: &str = "rules";
/// Moves with every change of a rule or a weight.
pub const VERSION: &str = "1";
/// When a score of the rules decides, unless a setting says otherwise.
pub const THRESHOLDS: Thresholds = Thresholds { refuse: 0.85, hold: 0.30 };

/// What amounts are compared with: minor units of whatever currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From here on a total is a high one.
    pub high: i64,
    /// Up to here a total is a small charge.
    pub small: i64,
}

impl Limits {
    /// From here on a total is large beside small charges: ten times the small limit.
    #[must_use]
    pub fn large(&self) -> i64 {
        self.small.saturating_mul(10)
    }
}

/// A rule: a stable code, what it measures, and what that weighs.
pub struct Rule {
    /// Stable: it stands in events, and `README.md` explains it.
    pub code: &'static str,
    /// For people; `{}` stands for the measured number. Never holds personal data.
    pub text: &'static str,
    /// From which measured number on it weighs how much, ascending; below the first it says nothing.
    pub ladder: &'static [(f64, f64)],
    /// The number it looks at.
    pub measure: fn(&Features, &Limits) -> f64,
}

impl Rule {
    /// What it says of an order, and what that weighs; nothing below its ladder.
    pub(crate) fn says(&self, features: &Features, limits: &Limits) -> Option<(f64, Reason)> {
        let measured = (self.measure)(features, limits);
        let weight = self.weight(measured)?;
        let text = self.text.replace("{}", &measured.floor().to_string());
        Some((weight, Reason { code: self.code.to_owned(), text, weight }))
    }

    fn weight(&self, measured: f64) -> Option<f64> {
        self.ladder.iter().rev().find(|(least, _)| measured >= *least).map(|(_, weight)| *weight)
    }
}

/// Every rule there is.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [amount::RULES, place::RULES, velocity::RULES, identity::RULES].into_iter().flatten()
}

/// Scores by rules.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    limits: Limits,
}

impl Rules {
    /// Rules with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// The score of one order.
    #[must_use]
    pub fn judge(&self, features: &Features) -> Score {
        let (value, reasons) = add(0.0, all().filter_map(|rule| rule.says(features, &self.limits)).collect());
        Score {
            value,
            reasons,
            scorer: NAME.into(),
            version: VERSION.into(),
            engine: NAME.into(),
            fallback: None,
            thresholds: THRESHOLDS,
            valid_until: None,
        }
    }
}

impl Scorer for Rules {
    fn score(&self, batch: &[Seen]) -> Result<Scores, Fault> {
        Ok(batch.iter().map(|seen| self.judge(&seen.features)).collect::<Vec<Score>>().into())
    }
}

/// What these reasons make of a score: `1 - (1 - score) · Π(1 - weight)`, the probability that at least one of independent
/// reasons is right (noisy-or; Pearl, Probabilistic Reasoning in Intelligent Systems, 1988, §4.3.2). Each reason's weight
/// becomes what it added, heaviest first, so that they sum up to what the score rose by.
pub(crate) fn add(score: f64, mut hits: Vec<(f64, Reason)>) -> (f64, Vec<Reason>) {
    hits.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut innocent = 1.0 - score;
    let mut reasons = Vec::with_capacity(hits.len());
    for (weight, reason) in hits {
        reasons.push(Reason { weight: innocent * weight, ..reason });
        innocent *= 1.0 - weight;
    }
    (1.0 - innocent, reasons)
}

/// 1 when so, else 0: for rules that ask yes or no.
fn yes(so: bool) -> f64 {
    if so { 1.0 } else { 0.0 }
}

/// The number when the condition holds, else 0: for rules that look only then.
fn when(so: bool, number: i64) -> f64 {
    if so { number as f64 } else { 0.0 }
}
