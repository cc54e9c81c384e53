//! How orders were judged, and by whom.

use anyhow::Result;
use orderflow::events::{
    FraudDecision, OrderFraudDetected, OrderHeldForReview, OrderReviewCancelled, OrderValidatedForFraud,
    Record as _,
};
use serde::Serialize;

use crate::log::{Decoder, Entry, Judgement};

/// One order's judgement, as its events on `fraud` tell it, in whatever sequence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// By whom and how surely; none before the first of its events that says so.
    pub decision: Option<Decision>,
    /// Whether it waited for a person.
    pub held: bool,
    /// How it ended; none while it is held.
    pub ending: Option<Ending>,
}

/// What a decision says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Who scored.
    pub by: Judge,
    /// 0 (harmless) to 1 (fraud).
    pub score: f64,
    /// Above it an order is refused.
    pub threshold: f64,
}

/// Who scores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Judge {
    /// `rules`, or a model's name.
    pub scorer: String,
    /// Of the rules or the model.
    pub version: String,
    /// What computed the score.
    pub engine: String,
    /// Why it scored in place of another; none where it was meant to.
    pub fallback: Option<String>,
}

/// How a judgement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The order may go on.
    LetThrough,
    /// It is refused as fraud.
    Refused,
    /// Its customer took it back while it was held.
    TakenBack,
}

impl Judged {
    /// Takes in what a record says of its order.
    ///
    /// # Errors
    /// When it is a decision that cannot be read.
    pub(super) fn hear(&mut self, entry: &Entry, decoder: &Decoder) -> Result<()> {
        let kind = &entry.envelope.kind;
        self.by(Judgement::of(entry, decoder)?.map(|judgement| judgement.decision));
        if OrderValidatedForFraud::is_named(kind) {
            self.ending = Some(Ending::LetThrough);
        } else if OrderFraudDetected::is_named(kind) {
            self.ending = Some(Ending::Refused);
        } else if OrderHeldForReview::is_named(kind) {
            self.held = true;
        } else if OrderReviewCancelled::is_named(kind) {
            self.ending = Some(Ending::TakenBack);
        }
        Ok(())
    }

    /// All decisions about an order tell of the same score.
    fn by(&mut self, decision: Option<FraudDecision>) {
        self.decision = self.decision.take().or(decision.map(Decision::from));
    }
}

impl Decision {
    /// Whether its scorer was sure: the score or 1 − score, whichever is greater, is above the threshold.
    #[must_use]
    pub fn is_confident(&self) -> bool {
        self.score.max(1.0 - self.score) > self.threshold
    }
}

impl From<FraudDecision> for Decision {
    fn from(decision: FraudDecision) -> Self {
        let FraudDecision { score, threshold, scorer, scorer_version: version, engine, fallback, .. } =
            decision;
        Self { by: Judge { scorer, version, engine, fallback }, score, threshold }
    }
}
