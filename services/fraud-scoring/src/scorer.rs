//! The port behind which orders are scored: by rules, or by a model.

use std::borrow::Cow;

use jiff::Timestamp;
use orderflow::{
    events::{Order, Reason},
    fault::Fault,
};
use orderflow_model::manifest::Thresholds;
use uuid::Uuid;

use crate::{
    features::Features,
    history::History,
    vector::{self, LEN},
};

/// Scores orders by their features.
pub trait Scorer: Send + Sync + 'static {
    /// One score per order, in their sequence.
    ///
    /// # Errors
    /// `Transient` when the scorer cannot answer now.
    fn score(&self, batch: &[Seen]) -> Result<Scores, Fault>;
}

/// What is said of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// What decides, one of each order.
    pub deciding: Vec<Score>,
    /// What a version on trial says of the same orders. Nobody acts on it.
    pub shadow: Option<ShadowRun>,
}

/// What a version on trial says of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowRun {
    /// One of each order.
    pub scores: Vec<Score>,
    /// How long the run took for each order, in microseconds: its share of the batch.
    pub micros: f64,
}

impl From<Vec<Score>> for Scores {
    fn from(deciding: Vec<Score>) -> Self {
        Self { deciding, shadow: None }
    }
}

/// An order as scorers see it: rules by name, a model as its vector.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What is known of it.
    pub features: Features,
    /// The same, as a model takes it and as the decision carries it.
    pub vector: [f32; LEN],
    /// Who ordered: says whose orders a canary decides, and is no feature.
    pub customer_id: String,
    /// Which order it is, and no feature either.
    pub order_id: Uuid,
    /// When it was placed.
    pub placed_at: Timestamp,
}

impl Seen {
    /// An order with this history.
    #[must_use]
    pub fn of(order: &Order, history: &History) -> Self {
        let features = Features::of(order, history);
        Self {
            vector: vector::vector(&features),
            features,
            customer_id: order.customer_id.clone(),
            order_id: order.order_id,
            placed_at: order.placed_at,
        }
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
    /// When it decides, by whoever scored.
    pub thresholds: Thresholds,
    /// Until when a model's score may be used again for the same order; none of rules.
    pub valid_until: Option<Timestamp>,
}
