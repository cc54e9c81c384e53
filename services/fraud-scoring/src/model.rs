//! Scores by a trained model, and tells why; where the model cannot, the rules do, and the decision says so.

use std::{borrow::Cow, path::Path};

use anyhow::{Context, Result};
use orderflow::fault::Fault;
use orderflow_model::{Engines, Expected, Package, ScoreError, manifest::Thresholds};
use tracing::{info, warn};

use crate::{
    config::Settings,
    families,
    rules::{self, Rules},
    scorer::{Score, Scorer, Seen},
    vector::{self, LEN},
};

/// The name of the model this service takes.
const NAME: &str = "fraud";
/// Why rules decided: the model failed, or answered what is no score.
const FAILED: &str = "model_failed";

/// What a scorer needs of a model.
pub trait Model: Send + Sync + 'static {
    /// The score of each row, from 0 to 1, in one run.
    ///
    /// # Errors
    /// When there is none for any row.
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError>;

    /// What each feature added to a row's margin, in log-odds.
    ///
    /// # Errors
    /// When it cannot be told.
    fn explain(&self, row: &[f32]) -> Result<Vec<f64>, ScoreError>;
}

impl Model for Package {
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        Package::score(self, rows)
    }

    fn explain(&self, row: &[f32]) -> Result<Vec<f64>, ScoreError> {
        Package::explain(self, row).map(|explanation| explanation.contributions)
    }
}

/// Scores by a model.
pub struct ModelScorer<M> {
    /// What scores.
    pub model: M,
    /// Its version, as decisions tell it.
    pub version: Cow<'static, str>,
    /// What runs it.
    pub engine: &'static str,
    /// From this score on decisions tell reasons: they cost a hundred times what a score does.
    pub explain_from: f64,
    /// Who scores where the model cannot.
    pub rules: Rules,
}

impl<M: Model> ModelScorer<M> {
    fn by_model(&self, batch: &[Seen]) -> Result<Vec<Score>, ScoreError> {
        let rows: Vec<f32> = batch.iter().flat_map(|seen| seen.vector).collect();
        let scores = self.model.score(&rows)?;
        if scores.len() != batch.len() {
            return Err(ScoreError::Count { found: scores.len(), rows: batch.len() });
        }
        batch.iter().zip(scores).map(|(seen, score)| self.explained(&seen.vector, f64::from(score))).collect()
    }

    fn explained(&self, vector: &[f32; LEN], value: f64) -> Result<Score, ScoreError> {
        let reasons = if value < self.explain_from {
            Vec::new()
        } else {
            families::reasons(value, &self.model.explain(vector)?)
        };
        Ok(Score {
            value,
            reasons,
            scorer: NAME.into(),
            version: self.version.clone(),
            engine: self.engine.into(),
            fallback: None,
        })
    }
}

impl<M: Model> Scorer for ModelScorer<M> {
    fn score(&self, batch: &[Seen]) -> Result<Vec<Score>, Fault> {
        match self.by_model(batch) {
            Ok(scores) => Ok(scores),
            Err(error) => {
                warn!(%error, orders = batch.len(), "the model does not score; the rules decide");
                let by_rules =
                    |seen: &Seen| Score { fallback: Some(FAILED), ..self.rules.judge(&seen.features) };
                Ok(batch.iter().map(by_rules).collect())
            }
        }
    }
}

/// Who scores by these settings, and when its scores decide unless a setting says otherwise.
///
/// Reads and verifies the model: some 40 ms, at the start of the service.
///
/// # Errors
/// When the model in `FRAUD_MODEL` is not one that this version can trust; the message names what is wrong with it.
pub fn chosen(settings: &Settings, rules: Rules) -> Result<(Box<dyn Scorer>, Thresholds)> {
    let Some(folder) = &settings.model else { return Ok((Box::new(rules), rules::THRESHOLDS)) };
    let engines = Engines::find(settings.engine, settings.onnxruntime.as_deref())
        .context("FRAUD_ENGINE wants ONNX Runtime, and its library cannot be used")?;
    if let Some(why) = engines.missing() {
        info!(%why, "ONNX Runtime does not run the model; the built-in engine does");
    }
    let (package, thresholds) = open(folder, &engines)
        .with_context(|| format!("the model in {} (FRAUD_MODEL) cannot be used", folder.display()))?;
    let (version, engine) = (package.manifest().version.clone(), package.engine().name());
    info!(version, engine, "orders are scored by a model");
    let explain_from = settings.policy(thresholds).hold_threshold;
    let scorer = ModelScorer { model: package, version: version.into(), engine, explain_from, rules };
    Ok((Box::new(scorer), thresholds))
}

fn open(folder: &Path, engines: &Engines) -> Result<(Package, Thresholds)> {
    let expected = Expected { name: NAME, definition: vector::DEFINITION, features: &vector::names() };
    let package = Package::open(folder, &expected, engines)?;
    let thresholds = package.manifest().thresholds.context("its manifest has no thresholds")?;
    Ok((package, thresholds))
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
