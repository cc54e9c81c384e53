//! A version of the fraud model that decides alone: without breaker, drift, or another one beside it.

use anyhow::{Context, Result};
use fraud_scoring::{
    config::Settings,
    model::{Opener, Version},
    predictions::Predictions,
    scorer::{Scorer, Scores, Seen},
};
use jiff::SignedDuration;
use orderflow::{clock::Clock, fault::Fault};
use orderflow_model::Engines;

/// Scores by one version.
pub struct Alone {
    version: Version,
    predictions: Predictions,
}

impl Alone {
    /// Opens and verifies the version in `--model` of fraud-scoring's settings; none where rules are to decide.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(settings: &Settings) -> Result<Option<Version>> {
        let Some(folder) = &settings.model else { return Ok(None) };
        let engines = Engines::find(settings.engine, settings.onnxruntime.as_deref())?;
        let opened = Opener { engines, hold: settings.hold_threshold }.open(folder, None);
        opened.with_context(|| format!("the model in {} cannot be used", folder.display())).map(Some)
    }

    /// Scores by this version; its scores are valid for so long.
    #[must_use]
    pub fn new(version: Version, valid_for: SignedDuration, clock: Clock) -> Self {
        Self { version, predictions: Predictions::new(valid_for, clock) }
    }
}

impl Scorer for Alone {
    fn score(&self, batch: &[Seen]) -> Result<Scores, Fault> {
        let run = self.version.score(&batch.iter().collect::<Vec<_>>());
        let run = run.map_err(|error| {
            Fault::poison("model_failed", "the model has no score for this order").caused_by(error)
        })?;
        let kept = batch
            .iter()
            .zip(run.scores)
            .map(|(seen, score)| self.predictions.keep(&self.version, seen, score));
        Ok(kept.collect::<Vec<_>>().into())
    }
}
