//! The port behind which orders are scored: rules today, a model later.

use std::borrow::Cow;

use orderflow::{events::Reason, fault::Fault};

use crate::features::Features;

/// Scores orders by their features.
pub trait Scorer: Send + Sync + 'static {
    /// One score per order, in their sequence. Must be a function of the features alone.
    ///
    /// # Errors
    /// `Transient` when the scorer cannot answer now.
    fn score(&self, batch: &[Features]) -> Result<Vec<Score>, Fault>;
}

/// How suspicious an order is, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 (harmless) to 1 (fraud).
    pub value: f64,
    /// What raised the score. A weight is what the reason added; of one score they sum up to its value.
    pub reasons: Vec<Reason>,
    /// Who scored: `rules` or a model's name.
    pub scorer: Cow<'static, str>,
    /// Version of the rules or the model.
    pub version: Cow<'static, str>,
    /// What computed it: `rules`, or what ran the model.
    pub engine: Cow<'static, str>,
}
