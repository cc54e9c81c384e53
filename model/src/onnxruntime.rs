//! ONNX Runtime: its library, loaded at run time, and sessions that score a model.

mod library;
mod sessions;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;

pub use library::LibraryError;
pub(crate) use sessions::Sessions;

/// The library, ready to open sessions.
#[derive(Clone, Debug)]
pub struct OnnxRuntime {
    environment: Environment,
    path: PathBuf,
}

/// There can be one per process, and it stays: a library that is unloaded may leave threads behind.
static LOADED: Mutex<Option<OnnxRuntime>> = Mutex::new(None);

impl OnnxRuntime {
    /// Loads this file, or the first of the usual places. A process that has loaded one keeps it, whatever is asked for
    /// later.
    ///
    /// # Errors
    /// When there is none, or the first that is there is too old, broken, or might report to its maker.
    pub fn load(library: Option<&Path>) -> Result<Self, LibraryError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*loaded {
            return Ok(loaded.clone());
        }
        let path = match library {
            Some(path) => path.to_owned(),
            None => library::find()?,
        };
        let path = library::check(&path)?;
        let environment = open(&path)?;
        Ok(loaded.insert(Self { environment, path }).clone())
    }

    /// The library's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn open(path: &Path) -> Result<Environment, LibraryError> {
    let broken = |reason: String| LibraryError::Broken { path: path.to_owned(), reason };
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let environment = ort::init_from(path).map_err(|error| match error {
            LoadDynamicError::BadVersion { version_str, path } => {
                LibraryError::TooOld { path, version: version_str }
            }
            other => broken(other.to_string()),
        })?;
        let environment = environment.with_name("orderflow").with_telemetry(false).build();
        environment.map_err(|error| broken(error.to_string()))
    }));
    // What a library must keep to, ort takes for granted.
    opened.unwrap_or_else(|_| Err(broken("it does not have the interface it says it has".to_owned())))
}
