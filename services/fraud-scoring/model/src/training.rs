//! The training, in Python: carried inside this crate, so that a command finds the version it was built with.

use std::path::Path;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/train");

/// The name of the Python package.
pub const PACKAGE: &str = "fraud_training";
/// The file, beside the package, that pins what it needs.
pub const REQUIREMENTS: &str = "requirements.txt";

/// What the package needs: pinned versions with their hashes.
#[must_use]
pub fn requirements() -> &'static str {
    FILES.get_file(REQUIREMENTS).and_then(|file| file.contents_utf8()).unwrap_or_default()
}

/// Writes the package and what it needs into `folder`.
///
/// # Errors
/// When a file cannot be written.
pub fn unpack(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| FILES.extract(folder))
        .with_context(|| format!("cannot write the training's files into {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_and_hashed() {
        let pinned = requirements().lines().filter(|line| line.contains("==")).count();
        let all = requirements().lines().filter(|line| line.starts_with(|c: char| c.is_alphabetic())).count();
        assert!(pinned > 5 && pinned == all);
        assert!(requirements().matches("--hash=sha256:").count() > pinned);
    }

    #[test]
    fn the_package_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        unpack(folder.path()).unwrap();
        unpack(folder.path()).unwrap();
        assert!(folder.path().join(PACKAGE).join("__main__.py").is_file());
        assert_eq!(std::fs::read_to_string(folder.path().join(REQUIREMENTS)).unwrap(), requirements());
    }
}
