//! The folder one environment runs in: logs, ledgers, labels, keys.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};

const PREFIX: &str = "orderflow-";
/// How long the files of a run whose process is gone stay for whoever looks for a cause.
const STAY: Duration = Duration::from_hours(24);

/// Removed when dropped, unless something went wrong.
pub(super) struct Folder {
    path: PathBuf,
    keep: AtomicBool,
}

impl Folder {
    pub(super) fn create() -> Result<Self> {
        sweep(&std::env::temp_dir());
        // Readable by its owner alone: the master key is in it. The process's id stands in front, for the sweep.
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder =
            tempfile::Builder::new().prefix(&prefix).tempdir().context("making a folder to run in")?;
        Ok(Self { path: folder.keep(), keep: AtomicBool::new(false) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() || self.keep.load(Ordering::Relaxed) {
            // Standard error, and not a log: whoever reads a failed test has no subscriber set up.
            eprintln!("the services' logs and files are kept in {}", self.path.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes what runs left that were killed, or whose environment was never dropped, as those in a static are.
fn sweep(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        let Some(owner) = owner.filter(|owner| owner.parse::<u32>().is_ok()) else { continue };
        let runs = Path::new("/proc").join(owner).exists();
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if !runs && age > Some(STAY) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
