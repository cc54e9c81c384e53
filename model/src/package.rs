//! A model's folder: `manifest.json`, the model and its golden rows, verified as a whole.

mod error;

use std::path::Path;

pub use error::{PackageError, ScoreError};

use crate::engines::{Engine, Engines};
use crate::files::{self, Sha256};
use crate::forest::{Explanation, Forest};
use crate::golden::{self, Golden};
use crate::manifest::{self, Manifest};
use crate::onnx::{self, OnnxModel};
use crate::onnxruntime::Sessions;

/// What a service expects of a model before it lets it score.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Which model.
    pub name: &'a str,
    /// Which definition computes the features in this program.
    pub definition: u32,
    /// Their names, in the order of a row.
    pub features: &'a [&'a str],
}

/// A model that was verified and can score. Loading takes tens of milliseconds: on a thread that may block.
#[derive(Debug)]
pub struct Package {
    manifest: Manifest,
    /// The manifest's own fingerprint.
    fingerprint: Sha256,
    forest: Forest,
    /// Scores in the forest's place when it is there.
    sessions: Option<Sessions>,
}

impl Package {
    /// Opens a folder. Each file is read once: what was verified is what serves, even if the folder changes meanwhile.
    ///
    /// # Errors
    /// When anything is not as it must be: files, hashes, features, the model's form, or the golden rows on any engine
    /// there is. The error names it.
    pub fn open(folder: &Path, expected: &Expected<'_>, engines: &Engines) -> Result<Self, PackageError> {
        let written = files::read(&folder.join(manifest::FILE), manifest::MAX_BYTES)?;
        let (manifest, fingerprint) = (Manifest::read(&written)?, Sha256::of(&written));
        expected.check_manifest(&manifest)?;
        let content = verified(folder, &manifest.file, manifest.sha256, onnx::MAX_BYTES)?;
        let written = &manifest.golden;
        let golden = verified(folder, &written.file, written.sha256, golden::MAX_BYTES)?;
        let model = OnnxModel::read(&content)?;
        expected.check_model(&model)?;
        let features = model.forest.features();
        let golden = Golden::read(&golden, features)?;
        let sessions = engines.onnxruntime().map(|library| Sessions::open(library, &content, features));
        let sessions = sessions.transpose().map_err(|error| PackageError::Sessions(error.to_string()))?;
        let mut package = Self { manifest, fingerprint, forest: model.forest, sessions: None };
        golden.check(Engine::BuiltIn, |rows| package.score(rows))?;
        if sessions.is_some() {
            package.sessions = sessions;
            golden.check(Engine::OnnxRuntime, |rows| package.score(rows))?;
        }
        Ok(package)
    }

    /// What stands beside the model.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The fingerprint of what stands beside the model, and so of all of it: two packages with the same one score alike.
    #[must_use]
    pub fn fingerprint(&self) -> Sha256 {
        self.fingerprint
    }

    /// The trees.
    #[must_use]
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// What scores.
    #[must_use]
    pub fn engine(&self) -> Engine {
        if self.sessions.is_some() { Engine::OnnxRuntime } else { Engine::BuiltIn }
    }

    /// The score of each row, from 0 to 1, in one run. `rows` are the features of each, one row after the other; NaN is
    /// a missing value.
    ///
    /// # Errors
    /// When a value is infinite, the values are no whole rows, or the engine fails or answers anything but one number
    /// from 0 to 1 a row. There are no scores then, for none of them.
    pub fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        self.check_rows(rows)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let scores = match &self.sessions {
            Some(sessions) => {
                sessions.score(rows).map_err(|error| ScoreError::OnnxRuntime(error.to_string()))?
            }
            None => self.forest.scores(rows),
        };
        let expected = rows.len() / self.forest.features();
        if scores.len() != expected {
            return Err(ScoreError::Count { found: scores.len(), rows: expected });
        }
        // No range holds NaN.
        match scores.iter().position(|score| !(0.0..=1.0).contains(score)) {
            Some(row) => Err(ScoreError::Output { row, score: scores[row] }),
            None => Ok(scores),
        }
    }

    /// Why a row got its score: what each feature added to the margin (log-odds), exactly, whichever engine scored.
    ///
    /// # Errors
    /// When a value is infinite, or it is not one row.
    pub fn explain(&self, row: &[f32]) -> Result<Explanation, ScoreError> {
        let features = self.forest.features();
        if row.len() != features {
            return Err(ScoreError::Width { values: row.len(), features });
        }
        self.check_rows(row)?;
        Ok(self.forest.explain(row))
    }

    fn check_rows(&self, rows: &[f32]) -> Result<(), ScoreError> {
        let features = self.forest.features();
        if !rows.len().is_multiple_of(features) {
            return Err(ScoreError::Width { values: rows.len(), features });
        }
        match rows.iter().position(|value| value.is_infinite()) {
            Some(place) => {
                let feature = self.manifest.features.names[place % features].clone();
                Err(ScoreError::Infinite { row: place / features, feature })
            }
            None => Ok(()),
        }
    }
}

/// A file that must have this fingerprint.
fn verified(folder: &Path, file: &str, expected: Sha256, limit: usize) -> Result<Vec<u8>, PackageError> {
    let content = files::read(&folder.join(file), limit)?;
    let found = Sha256::of(&content);
    if found != expected {
        return Err(PackageError::Hash { file: file.to_owned(), expected, found });
    }
    Ok(content)
}

impl Expected<'_> {
    fn check_manifest(&self, manifest: &Manifest) -> Result<(), PackageError> {
        same("the model's name", &manifest.name, self.name)?;
        let definition = manifest.features.definition.to_string();
        same("the definition of the features", &definition, &self.definition.to_string())?;
        same("the list of features", &manifest.features.names.join(","), &self.features.join(","))
    }

    fn check_model(&self, model: &OnnxModel) -> Result<(), PackageError> {
        let features = model.forest.features().to_string();
        same("the width of the model's input", &features, &self.features.len().to_string())?;
        if let Some(features) = model.metadata.get("features") {
            same("the list of features in the model's file", features, &self.features.join(","))?;
        }
        if let Some(definition) = model.metadata.get("features_definition") {
            same(
                "the definition of the features in the model's file",
                definition,
                &self.definition.to_string(),
            )?;
        }
        Ok(())
    }
}

fn same(what: &'static str, found: &str, expected: &str) -> Result<(), PackageError> {
    if found == expected {
        return Ok(());
    }
    // From a file, so of any length and with any letters.
    let found = found.escape_debug().take(4_000).collect();
    Err(PackageError::Unexpected { what, found, expected: expected.to_owned() })
}
