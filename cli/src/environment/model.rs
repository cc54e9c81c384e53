//! The fraud model that comes with this version, so that the command works without the source tree.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Its files, as a service reads them.
const FILES: [(&str, &[u8]); 3] = [
    ("manifest.json", include_bytes!("../../../services/fraud-scoring/model/shipped/manifest.json")),
    ("model.onnx", include_bytes!("../../../services/fraud-scoring/model/shipped/model.onnx")),
    ("golden.json", include_bytes!("../../../services/fraud-scoring/model/shipped/golden.json")),
];

/// It scores the orders.
#[derive(Debug, Clone, Default)]
pub struct ShippedModel {
    /// ONNX Runtime's library; without it the built-in engine runs the model.
    pub onnxruntime: Option<PathBuf>,
}

impl ShippedModel {
    /// Writes its files below the folder.
    pub(super) fn write(parent: &Path) -> Result<()> {
        let folder = own(parent);
        std::fs::create_dir_all(&folder).context("making a folder for the fraud model")?;
        std::fs::create_dir_all(Self::store(parent)).context("making a folder for other models")?;
        FILES.iter().try_for_each(|(name, content)| {
            std::fs::write(folder.join(name), content).with_context(|| format!("writing the model's {name}"))
        })
    }

    /// Where other versions go, to be tried beside it.
    pub(crate) fn store(folder: &Path) -> PathBuf {
        folder.join("models")
    }

    /// What fraud-scoring is told of it.
    pub(super) fn variables(&self, folder: &Path) -> Vec<(String, String)> {
        let engine = match &self.onnxruntime {
            // `auto`: a library that cannot be used is said in the log, and orders are still scored.
            Some(library) => {
                [("FRAUD_ENGINE", "auto".to_owned()), ("ORT_DYLIB_PATH", library.display().to_string())]
                    .to_vec()
            }
            None => vec![("FRAUD_ENGINE", "built-in".to_owned())],
        };
        let model = [
            ("FRAUD_MODEL", own(folder).display().to_string()),
            ("MODEL_STORE", Self::store(folder).display().to_string()),
            // A library of another version than ours might tell its maker.
            ("ORT_DISABLE_TELEMETRY", "1".to_owned()),
        ];
        model.into_iter().chain(engine).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn own(folder: &Path) -> PathBuf {
    folder.join("fraud-model")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_manifest_names_is_there() {
        let folder = tempfile::tempdir().unwrap();
        ShippedModel::write(folder.path()).unwrap();
        let variables = ShippedModel::default().variables(folder.path());
        let model = Path::new(&variables.iter().find(|(name, _)| name == "FRAUD_MODEL").unwrap().1);
        let manifest = std::fs::read(model.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        for file in [&manifest["file"], &manifest["golden"]["file"]] {
            assert!(model.join(file.as_str().unwrap()).is_file(), "{file} is missing");
        }
    }
}
