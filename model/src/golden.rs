//! Golden rows: what a model must score, on every engine.

use serde::Deserialize;
use thiserror::Error;

use crate::{
    Engine, ScoreError,
    manifest::{JsonError, from_json},
};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// The most rows.
const MAX_ROWS: usize = 10_000;
/// How far an engine may be off.
const TOLERANCE: f32 = 1e-6;

/// Rows with the scores they must get.
#[derive(Clone, Debug)]
pub struct Golden {
    /// Row after row; NaN is a missing value.
    rows: Vec<f32>,
    scores: Vec<f32>,
}

/// The file's form: a missing value is `null`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rows: Vec<Vec<Option<f32>>>,
    scores: Vec<f32>,
}

/// Why golden rows are none, or a model does not hold to them.
#[derive(Debug, Error)]
pub enum GoldenError {
    /// Not JSON, or not of this form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// None, too many, or not one score a row.
    #[error("{rows} rows and {scores} scores: there must be as many of both, 1 to 10000")]
    Count {
        /// How many rows.
        rows: usize,
        /// How many scores.
        scores: usize,
    },
    /// A row of another width than the model's, or a value that cannot be.
    #[error("row {row}: {problem}")]
    Row {
        /// Which.
        row: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// An engine did not score them at all.
    #[error("{engine}: {error}")]
    Engine {
        /// Which.
        engine: Engine,
        /// Why.
        error: ScoreError,
    },
    /// An engine scores otherwise.
    #[error("row {row} must score {expected}, and {engine} says {found}")]
    Differs {
        /// Which engine.
        engine: Engine,
        /// Which row.
        row: usize,
        /// The golden score.
        expected: f32,
        /// The engine's.
        found: f32,
    },
}

impl Golden {
    /// Reads the file's bytes, for rows of so many features.
    ///
    /// # Errors
    /// When it is not of the form, or has rows or scores that cannot be.
    pub fn read(content: &[u8], features: usize) -> Result<Self, GoldenError> {
        let Written { rows, scores } = from_json(content)?;
        if rows.is_empty() || rows.len() > MAX_ROWS || rows.len() != scores.len() {
            return Err(GoldenError::Count { rows: rows.len(), scores: scores.len() });
        }
        for (row, (values, score)) in rows.iter().zip(&scores).enumerate() {
            let wrong = |problem| Err(GoldenError::Row { row, problem });
            if values.len() != features {
                return wrong("has not as many values as there are features");
            }
            if !(0.0..=1.0).contains(score) {
                return wrong("its score is not from 0 to 1");
            }
        }
        let rows = rows.into_iter().flatten().map(|value| value.unwrap_or(f32::NAN)).collect();
        Ok(Self { rows, scores })
    }

    /// Holds an engine to them, in one run.
    pub(crate) fn check(
        &self,
        engine: Engine,
        score: impl FnOnce(&[f32]) -> Result<Vec<f32>, ScoreError>,
    ) -> Result<(), GoldenError> {
        let found = score(&self.rows).map_err(|error| GoldenError::Engine { engine, error })?;
        for (row, (expected, found)) in self.scores.iter().zip(found).enumerate() {
            // False for NaN.
            let near = (expected - found).abs() <= TOLERANCE;
            if !near {
                return Err(GoldenError::Differs { engine, row, expected: *expected, found });
            }
        }
        Ok(())
    }
}
