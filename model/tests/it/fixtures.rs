//! The models of tests/fixtures, as they are or spoiled, and the engines there are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use orderflow_model::{Choice, Engines, Expected, Package, PackageError, Sha256};
use serde_json::Value;
use tempfile::TempDir;

/// What the fixtures are.
pub const EXPECTED: Expected<'static> = Expected {
    name: "fixture",
    definition: 1,
    features: &["amount", "account_age", "velocity", "distance", "hour"],
};

/// The folder of a version.
pub fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("v{version}"))
}

/// The built-in engine alone.
pub fn built_in() -> Engines {
    Engines::find(Choice::BuiltIn, None).unwrap()
}

/// ONNX Runtime, unless this machine has none and cannot get it.
pub fn onnxruntime() -> Option<Engines> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(orderflow_stack::onnxruntime());
        found.inspect_err(|error| eprintln!("no ONNX Runtime library: {error:#}")).ok()
    });
    match library {
        Some(library) => Some(Engines::find(Choice::OnnxRuntime, Some(library)).unwrap()),
        None => {
            eprintln!("skipped: no ONNX Runtime library");
            None
        }
    }
}

/// Every engine of this machine.
pub fn all() -> Vec<Engines> {
    [Some(built_in()), onnxruntime()].into_iter().flatten().collect()
}

/// A version, opened.
pub fn package(version: &str, engines: &Engines) -> Package {
    Package::open(&folder(version), &EXPECTED, engines).unwrap()
}

/// A copy of version 1, to be spoiled.
pub struct Copy(TempDir);

impl Copy {
    pub fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        for file in ["manifest.json", "model.onnx", "golden.json"] {
            copy.write(file, &std::fs::read(folder("1").join(file)).unwrap());
        }
        copy
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    pub fn write(&self, file: &str, content: &[u8]) {
        std::fs::write(self.path(file), content).unwrap();
    }

    /// Changes a JSON file.
    pub fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let mut json = serde_json::from_slice(&self.read(file)).unwrap();
        change(&mut json);
        self.write(file, &serde_json::to_vec(&json).unwrap());
    }

    /// Makes the manifest's hashes those of the files as they are.
    pub fn hash_anew(&self) {
        let of = |file| Value::String(Sha256::of(&self.read(file)).to_string());
        let (model, golden) = (of("model.onnx"), of("golden.json"));
        self.edit("manifest.json", |manifest| {
            manifest["sha256"] = model;
            manifest["golden"]["sha256"] = golden;
        });
    }

    pub fn open(&self, engines: &Engines) -> Result<Package, PackageError> {
        Package::open(self.0.path(), &EXPECTED, engines)
    }
}
