//! The folder one set of servers runs in: logs, settings and, one folder per server, data.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::downloads;

/// How long the logs of a run whose process is gone stay for whoever looks for a cause.
const LOGS_STAY: Duration = Duration::from_hours(24);

/// Removed when dropped, unless something went wrong.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    keep: AtomicBool,
}

impl Folder {
    pub(super) fn create() -> Result<Self> {
        let runs = downloads::native_folder().join("run");
        std::fs::create_dir_all(&runs).with_context(|| format!("making {}", runs.display()))?;
        sweep(&runs);
        // The owner's id stands in front, for the sweep.
        let path =
            tempfile::Builder::new().prefix(&format!("{}-", std::process::id())).tempdir_in(&runs)?.keep();
        Ok(Self { path, keep: AtomicBool::new(false) })
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
            eprintln!("the servers' logs and data are kept in {}", self.path.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes what runs left whose process ended without dropping its servers. Servers in a static are never dropped,
/// so this is not only about crashes; their data is gone already (see the watchdog), their logs are small.
fn sweep(runs: &Path) {
    let Ok(entries) = std::fs::read_dir(runs) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_string_lossy().split('-').next().and_then(|id| id.parse::<i32>().ok());
        let Some(owner) = owner.map(nix::unistd::Pid::from_raw) else { continue };
        let gone = nix::sys::signal::kill(owner, None).is_err();
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if gone && age > Some(LOGS_STAY) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
