//! Why a folder is refused, and why rows have no scores.

use thiserror::Error;

use crate::files::{FileError, Sha256};
use crate::golden::GoldenError;
use crate::manifest::ManifestError;
use crate::onnx::OnnxError;

/// Why a folder holds no model this service can use.
#[derive(Debug, Error)]
pub enum PackageError {
    /// A file is missing, unreadable or too large.
    #[error(transparent)]
    File(#[from] FileError),
    /// The manifest is wrong in itself.
    #[error("manifest.json: {0}")]
    Manifest(#[from] ManifestError),
    /// A file is not the one the manifest speaks of.
    #[error("{file}: its SHA-256 is {found}, the manifest says {expected}")]
    Hash {
        /// Which file.
        file: String,
        /// The manifest's.
        expected: Sha256,
        /// The file's.
        found: Sha256,
    },
    /// Another model, or one for features this service computes otherwise.
    #[error("{what} is {found}, expected was {expected}")]
    Unexpected {
        /// What differs.
        what: &'static str,
        /// What the folder has.
        found: String,
        /// What the service has.
        expected: String,
    },
    /// The model's file is wrong in itself.
    #[error("the model's file: {0}")]
    Onnx(#[from] OnnxError),
    /// The golden rows are wrong in themselves, or an engine does not hold to them.
    #[error("golden rows: {0}")]
    Golden(#[from] GoldenError),
    /// ONNX Runtime refuses the model.
    #[error("ONNX Runtime cannot open the model: {0}")]
    Sessions(String),
}

/// Why rows have no scores.
#[derive(Debug, Error)]
pub enum ScoreError {
    /// Not whole rows.
    #[error("{values} values are no whole rows of {features}")]
    Width {
        /// How many values came.
        values: usize,
        /// How many a row has.
        features: usize,
    },
    /// A feature is infinite. NaN stands for a missing value; infinity for a mistake.
    #[error("row {row}: {feature} is infinite")]
    Infinite {
        /// Which row.
        row: usize,
        /// Which feature.
        feature: String,
    },
    /// A score is not a number from 0 to 1.
    #[error("row {row}: the engine answered {score}, which is not from 0 to 1")]
    Output {
        /// Which row.
        row: usize,
        /// What the engine answered.
        score: f32,
    },
    /// Not one score a row.
    #[error("the engine answered {found} scores for {rows} rows")]
    Count {
        /// How many scores came.
        found: usize,
        /// How many rows went in.
        rows: usize,
    },
    /// ONNX Runtime failed.
    #[error("ONNX Runtime: {0}")]
    OnnxRuntime(String),
}
