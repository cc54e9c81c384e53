//! The port behind which orders are scored: by rules, or by a model.

use std::borrow::Cow;

use orderflow::{events::Reason, fault::Fault};

use crate::{
    features::Features,
    vector::{self, LEN},
};

/// Scores orders by their features.
pub trait Scorer: Send + Sync + 'static {
    /// One score per order, in their sequence. Must be a function of what is seen alone.
    ///
    /// # Errors
    /// `Transient` when the scorer cannot answer now.
    fn score(&self, batch: &[Seen]) -> Result<Vec<Score>, Fault>;
}

impl Scorer for Box<dyn Scorer> {
    fn score(&self, batch: &[Seen]) -> Result<Vec<Score>, Fault> {
        self.as_ref().score(batch)
    }
}

/// An order as scorers see it: rules by name, a model as its vector.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What is known of it.
    pub features: Features,
    /// The same, as a model takes it and as the decision carries it.
    pub vector: [f32; LEN],
}

impl From<Features> for Seen {
    fn from(features: Features) -> Self {
        Self { vector: vector::vector(&features), features }
    }
}

/// How suspicious an order is, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 (harmless) to 1 (fraud).
    pub value: f64,
    /// What raised the score. A weight is what the reason added; of one score they sum up to its value, or, of a model's,
    /// to the part that the heaviest explain.
    pub reasons: Vec<Reason>,
    /// Who scored: `rules` or a model's name.
    pub scorer: Cow<'static, str>,
    /// Version of the rules or the model.
    pub version: Cow<'static, str>,
    /// What computed it: `rules`, or what ran the model.
    pub engine: Cow<'static, str>,
    /// Why the scorer that was to score did not; none when it did.
    pub fallback: Option<&'static str>,
}
