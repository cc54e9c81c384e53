//! A version of the model: scores by it, and tells why.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use orderflow::events::ModelVersion;
use orderflow_model::{
    Engines, Expected, Package, ScoreError, Sha256,
    manifest::{Reference, Thresholds},
};

use crate::{
    families,
    scorer::{Score, Seen},
    vector::{self, LEN},
};

/// The name of the model this service takes.
pub const NAME: &str = "fraud";

/// What scoring needs of a model.
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

/// A version of the model that was verified and can score.
pub struct Version {
    /// What scores.
    pub model: Box<dyn Model>,
    /// Its name, as decisions tell it.
    pub name: String,
    /// What runs it.
    pub engine: &'static str,
    /// When its scores decide, unless a setting says otherwise.
    pub thresholds: Thresholds,
    /// From this score on reasons are told: they cost a hundred times what a score does.
    pub explain_from: f64,
    /// The fingerprint of its manifest. A name may come back with other trees, this does not.
    pub fingerprint: Sha256,
    /// What training was like, if its manifest says so.
    pub reference: Option<Reference>,
    /// What was asked for when it was fetched; none of the one the service was started with.
    pub published: Option<ModelVersion>,
}

/// What a run over a batch has brought.
#[derive(Debug)]
pub struct Run {
    /// One of each order, in their sequence.
    pub scores: Vec<Score>,
    /// How long the run took; reasons not counted.
    pub took: Duration,
}

impl Version {
    /// Scores a batch in one run.
    ///
    /// # Errors
    /// When any order has no score from 0 to 1, or its reasons cannot be told: there are none for any then.
    pub fn score(&self, batch: &[&Seen]) -> Result<Run, ScoreError> {
        let rows: Vec<f32> = batch.iter().flat_map(|seen| seen.vector).collect();
        let begun = Instant::now();
        let values = self.model.score(&rows)?;
        let took = begun.elapsed();
        if values.len() != batch.len() {
            return Err(ScoreError::Count { found: values.len(), rows: batch.len() });
        }
        // No range holds NaN.
        if let Some(row) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(ScoreError::Output { row, score: values[row] });
        }
        let explained = |(seen, value): (&&Seen, f32)| self.explained(&seen.vector, f64::from(value));
        let scores: Result<Vec<Score>, ScoreError> = batch.iter().zip(values).map(explained).collect();
        Ok(Run { scores: scores?, took })
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
            version: self.name.clone().into(),
            engine: self.engine.into(),
            fallback: None,
            thresholds: self.thresholds,
            valid_until: None,
        })
    }
}

/// Opens versions, with the engines of this process. An order with a score of `hold` or more is held, where a setting
/// says so.
pub struct Opener {
    /// What may score.
    pub engines: Engines,
    /// The setting.
    pub hold: Option<f64>,
}

impl Opener {
    /// Reads and verifies a folder: some 40 ms, on a thread that may block.
    ///
    /// # Errors
    /// When it holds no model that this version can trust; the message names what is wrong with it.
    pub fn open(&self, folder: &Path, published: Option<ModelVersion>) -> Result<Version> {
        let expected = Expected { name: NAME, definition: vector::DEFINITION, features: &vector::names() };
        let package = Package::open(folder, &expected, &self.engines)?;
        let thresholds = package.manifest().thresholds.context("its manifest has no thresholds")?;
        let name = package.manifest().version.clone();
        if let Some(asked) = published.as_ref().filter(|asked| asked.version != name) {
            anyhow::bail!("its manifest says that it is {name}, not {}", asked.version);
        }
        Ok(Version {
            engine: package.engine().name(),
            fingerprint: package.fingerprint(),
            reference: package.manifest().reference.clone(),
            model: Box::new(package),
            name,
            thresholds,
            explain_from: self.hold.unwrap_or(thresholds.hold),
            published,
        })
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
pub(crate) mod tests;
