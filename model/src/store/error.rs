//! Why a version was not stored, or not fetched.

use std::{io, path::PathBuf};

use orderflow_storage::OpenError;
use thiserror::Error;

use crate::files::{FileError, Sha256};
use crate::manifest::ManifestError;

/// Why a version was not stored, or not fetched.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The place cannot be used.
    #[error("cannot use {place} as the model store")]
    Open {
        /// Where.
        place: String,
        /// Why.
        source: OpenError,
    },
    /// A local file is missing, unreadable or too large.
    #[error(transparent)]
    File(#[from] FileError),
    /// The manifest is wrong in itself.
    #[error("manifest.json: {0}")]
    Manifest(#[from] ManifestError),
    /// A file is not the one that was meant.
    #[error("{file}: its SHA-256 is {found}, expected was {expected}")]
    Hash {
        /// Which file.
        file: String,
        /// What was meant.
        expected: Sha256,
        /// What is there.
        found: Sha256,
    },
    /// The version is there, with other files.
    #[error(
        "{place} has {folder} already, with another {file}: a version is never changed, publish this one under another \
         version"
    )]
    Taken {
        /// Which version.
        folder: String,
        /// The file that differs.
        file: String,
        /// Where.
        place: String,
    },
    /// There is no such file.
    #[error("{place} has no {file}: is it the store that the version was published to?")]
    Missing {
        /// Which.
        file: String,
        /// Where.
        place: String,
    },
    /// Larger than its kind may be.
    #[error("{file}: larger than {limit} bytes")]
    TooLarge {
        /// Which.
        file: String,
        /// How large it may be.
        limit: usize,
    },
    /// The store fails.
    #[error("{place} does not {what} {file}: {why}")]
    Unanswered {
        /// Where.
        place: String,
        /// `take` or `give`.
        what: &'static str,
        /// Which file.
        file: String,
        /// In words without secrets.
        why: String,
    },
    /// What should be a folder of the store is none.
    #[error("a version's folder in the store is <name>/<version>, in letters, digits, '.', '_' and '-'")]
    Folder,
    /// What should be a fingerprint is none.
    #[error("the manifest's fingerprint is not a SHA-256 in 64 lower-case hex digits")]
    Fingerprint,
    /// A local folder cannot be written.
    #[error("{}: {source}", path.display())]
    Local {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The program ends.
    #[error("reading or writing the model's files was stopped: {0}")]
    Stopped(#[source] tokio::task::JoinError),
}
