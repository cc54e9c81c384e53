//! The ledger file: JSON lines, append-only, one writer.
//!
//! A line is a [`Record`]. Lines are numbered from 1 without gaps. A line counts once its newline
//! is in the file: what stands behind the last newline is the rest of a write that a crash cut
//! short, nobody was given an answer for it, and it is dropped.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// One line of a ledger: who asked, when, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<E> {
    /// The number of the line, from 1, without gaps.
    pub sequence: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The key under which the caller may repeat the request.
    pub idempotency_key: Option<String>,
    /// A hash of the request, which tells a repeat from another request with the same key.
    pub request: Option<Uuid>,
    /// What happened.
    #[serde(flatten)]
    pub entry: E,
}

/// Why a ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system refused.
    #[error("cannot use the ledger {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A complete line is not a record. The file was edited or damaged; nothing is repaired silently.
    #[error("line {line} of the ledger {path} is not a record: {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line is missing or stands twice.
    #[error("line {line} of the ledger {path} has the sequence {found}")]
    Sequence {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// The sequence found there.
        found: u64,
    },
    /// Two writers would overwrite each other.
    #[error("the ledger {path} is in use by another process: stop it, or choose another file")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line could not be made durable; no more are accepted.
    #[error("the ledger can no longer be written: {0}")]
    Broken(String),
}

/// Reads a ledger, also while its process is writing.
///
/// # Errors
/// [`LedgerError::Io`], [`LedgerError::Line`] and [`LedgerError::Sequence`].
pub fn read<E: DeserializeOwned>(path: &Path) -> Result<Vec<Record<E>>, LedgerError> {
    let bytes = std::fs::read(path).map_err(|source| io_error(path, source))?;
    parse(path, complete(&bytes))
}

/// Opens a ledger for writing: creates it, takes its lock, reads it and drops a torn last line.
///
/// # Errors
/// Those of [`read`], and [`LedgerError::InUse`].
pub fn open<E: DeserializeOwned>(path: &Path) -> Result<(Vec<Record<E>>, File), LedgerError> {
    let io = |source| io_error(path, source);
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => LedgerError::InUse { path: path.into() },
        TryLockError::Error(source) => io(source),
    })?;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    file.read_to_end(&mut bytes).map_err(io)?;
    let whole = complete(&bytes);
    let records = parse(path, whole)?;
    if whole.len() < bytes.len() {
        tracing::warn!(bytes = bytes.len() - whole.len(), "dropped a torn last line of the ledger");
        file.set_len(whole.len() as u64).map_err(io)?;
    }
    file.sync_all().map_err(io)?;
    sync_folder(path).map_err(io)?;
    Ok((records, file))
}

/// The name of a new file is only durable once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn complete(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    &bytes[..end.map_or(0, |newline| newline + 1)]
}

fn parse<E: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<Vec<Record<E>>, LedgerError> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .zip(1..)
        .map(|(text, line)| {
            let path = || path.to_path_buf();
            let record: Record<E> = serde_json::from_slice(text).map_err(|source| LedgerError::Line {
                path: path(),
                line,
                source,
            })?;
            if record.sequence == line as u64 {
                Ok(record)
            } else {
                Err(LedgerError::Sequence { path: path(), line, found: record.sequence })
            }
        })
        .collect()
}

fn io_error(path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    fn lines(texts: &[String]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (text, sequence) in texts.iter().zip(1..) {
            let record = Record {
                sequence,
                at: Timestamp::UNIX_EPOCH,
                idempotency_key: None,
                request: None,
                entry: Note { text: text.clone() },
            };
            serde_json::to_writer(&mut bytes, &record).unwrap();
            bytes.push(b'\n');
        }
        bytes
    }

    proptest! {
        #[test]
        fn wherever_a_write_is_cut_the_whole_lines_before_it_remain(
            texts in prop::collection::vec(".{0,12}", 0..6), cut in 0usize..2000,
        ) {
            let bytes = lines(&texts);
            let kept = &bytes[..cut.min(bytes.len())];
            let whole = kept.iter().filter(|byte| **byte == b'\n').count();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ledger.jsonl");
            std::fs::write(&path, kept).unwrap();

            let read: Vec<Record<Note>> = read(&path).unwrap();
            prop_assert_eq!(read.len(), whole);
            prop_assert!(read.iter().zip(&texts).all(|(record, text)| &record.entry.text == text));

            let (opened, _file) = open::<Note>(&path).unwrap();
            prop_assert_eq!(opened, read);
            prop_assert_eq!(std::fs::read(&path).unwrap(), complete(kept));
        }
    }

    #[test]
    fn a_damaged_line_is_named_and_never_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let mut bytes = lines(&["a".into(), "b".into()]);
        bytes.splice(0..1, *b"x");
        std::fs::write(&path, bytes).unwrap();
        let error = open::<Note>(&path).unwrap_err();
        assert!(matches!(error, LedgerError::Line { line: 1, .. }), "{error}");
    }

    #[test]
    fn a_missing_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let bytes = lines(&["a".into(), "b".into()]);
        let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        std::fs::write(&path, &bytes[second..]).unwrap();
        let error = read::<Note>(&path).unwrap_err();
        assert!(matches!(error, LedgerError::Sequence { line: 1, found: 2, .. }), "{error}");
    }

    #[test]
    fn a_second_writer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let first = open::<Note>(&path).unwrap();
        assert!(matches!(open::<Note>(&path), Err(LedgerError::InUse { .. })));
        drop(first);
        assert!(open::<Note>(&path).is_ok());
    }
}
