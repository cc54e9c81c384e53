//! `manifest.json`: which model this is, what it expects, and when its scores decide.

mod reference;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

pub use reference::{Distribution, FeatureDistribution, Reference};

use crate::{files::Sha256, onnx::MAX_FEATURES};

/// The file's name.
pub const FILE: &str = "manifest.json";
/// The largest that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The longest name or version, in bytes.
const MAX_NAME: usize = 64;

/// What stands beside a model. README.md has an example.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Which model, in letters, digits, `.`, `_` and `-`: such as `fraud`.
    pub name: String,
    /// Which version of it, in the same letters.
    pub version: String,
    /// When it was trained.
    pub created_at: Timestamp,
    /// The model's file, in the same folder.
    pub file: String,
    /// The fingerprint of that file.
    pub sha256: Sha256,
    /// What the model is fed with.
    pub features: Features,
    /// When a score decides. A model that only ranks has none.
    #[serde(default)]
    pub thresholds: Option<Thresholds>,
    /// Rows with the scores they must get.
    pub golden: Golden,
    /// How features and scores were distributed in training. Without it nobody can say whether they have moved since.
    #[serde(default)]
    pub reference: Option<Reference>,
    /// Whatever training notes about itself: data, window, parameters.
    pub training: Map<String, Value>,
}

/// A row's values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Which definition computes them; counts up when any is computed differently.
    pub definition: u32,
    /// Their names, in the row's order.
    pub names: Vec<String>,
}

/// When a score decides.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Scores above are refused.
    pub refuse: f64,
    /// Scores from here up to `refuse` are held for a person.
    pub hold: f64,
}

/// Where the golden rows are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Their file, in the same folder.
    pub file: String,
    /// Its fingerprint.
    pub sha256: Sha256,
}

/// Why a file is no manifest.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not JSON, or a field is missing, unknown or of another type.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A value that cannot be.
    #[error("{field}: {problem}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// What a JSON file does not have as it should, and where.
#[derive(Debug, Error)]
#[error("at {path}: {reason}")]
pub struct JsonError {
    path: String,
    reason: String,
}

/// Reads a whole file.
pub(crate) fn from_json<T: DeserializeOwned>(content: &[u8]) -> Result<T, JsonError> {
    let wrong = |path: &str, error: &serde_json::Error| JsonError {
        // Names of fields come from the file, too.
        path: path.escape_debug().take(200).collect(),
        reason: error.to_string().escape_debug().take(300).collect(),
    };
    let mut json = serde_json::Deserializer::from_slice(content);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| wrong(".", &error))?;
    Ok(value)
}

impl Manifest {
    /// Reads a manifest's bytes.
    ///
    /// # Errors
    /// When it is not JSON, a field is missing or unknown, or a value cannot be.
    pub fn read(content: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = from_json(content)?;
        let names = "must be 1 to 64 letters, digits, '.', '_' or '-', and not begin with '.'";
        for (field, name) in [
            ("name", &manifest.name),
            ("version", &manifest.version),
            ("file", &manifest.file),
            ("golden.file", &manifest.golden.file),
        ] {
            if !is_plain(name) {
                return Err(ManifestError::Value { field, problem: names });
            }
        }
        manifest.check_features()?;
        if let Some(thresholds) = manifest.thresholds {
            thresholds.check()?;
        }
        if let Some(reference) = &manifest.reference {
            reference.check(&manifest.features.names)?;
        }
        Ok(manifest)
    }

    fn check_features(&self) -> Result<(), ManifestError> {
        let wrong = |problem| Err(ManifestError::Value { field: "features.names", problem });
        let names = &self.features.names;
        if names.is_empty() || names.len() > MAX_FEATURES {
            return wrong("must be 1 to 512");
        }
        if !names.iter().all(|name| is_plain(name)) {
            return wrong("each must be 1 to 64 letters, digits, '.', '_' or '-', and not begin with '.'");
        }
        let mut sorted: Vec<_> = names.iter().collect();
        sorted.sort();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return wrong("one stands twice");
        }
        Ok(())
    }
}

impl Thresholds {
    fn check(self) -> Result<(), ManifestError> {
        // False for NaN, too.
        if 0.0 <= self.hold && self.hold <= self.refuse && self.refuse <= 1.0 {
            return Ok(());
        }
        Err(ManifestError::Value { field: "thresholds", problem: "must be 0 <= hold <= refuse <= 1" })
    }
}

/// Whether a name can stand in a path, a header and a message as it is.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}
