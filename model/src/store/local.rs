//! A version's files in a local folder: read to be stored, written when they were fetched.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{CARD, MAX_CARD_BYTES, StoreError, Stored, StoredFile, pinned};
use crate::files::{self, FileError, Sha256};
use crate::manifest::{self, Manifest};

/// A version's files, read once and verified.
pub(super) struct Files {
    manifest: Manifest,
    /// Name and bytes of each, the manifest last.
    pub contents: Vec<(String, Vec<u8>)>,
}

impl Files {
    pub(super) fn stored(&self) -> Stored {
        let file = |(name, content): &(String, Vec<u8>)| StoredFile {
            name: name.clone(),
            sha256: Sha256::of(content),
            bytes: content.len(),
        };
        let mut files: Vec<_> = self.contents.iter().map(file).collect();
        let manifest_sha256 = files.last().map_or_else(|| Sha256::of(&[]), |manifest| manifest.sha256);
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let (name, version) = (self.manifest.name.clone(), self.manifest.version.clone());
        Stored { folder: format!("{name}/{version}"), name, version, manifest_sha256, files }
    }
}

/// A folder's files, the card too if there is one.
pub(super) async fn read_all(folder: PathBuf) -> Result<Files, StoreError> {
    blocking(move || read(&folder)).await
}

fn read(folder: &Path) -> Result<Files, StoreError> {
    let content = files::read(&folder.join(manifest::FILE), manifest::MAX_BYTES)?;
    let manifest = Manifest::read(&content)?;
    let mut contents = Vec::new();
    for (name, sha256, limit) in pinned(&manifest) {
        let content = files::read(&folder.join(&name), limit)?;
        verify(&name, &content, sha256)?;
        contents.push((name, content));
    }
    match files::read(&folder.join(CARD), MAX_CARD_BYTES) {
        Ok(card) => contents.push((CARD.to_owned(), card)),
        Err(FileError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    contents.push((manifest::FILE.to_owned(), content));
    Ok(Files { manifest, contents })
}

/// Whether a folder has the version with this manifest, undamaged.
pub(super) async fn is_whole(folder: PathBuf, expected: Sha256) -> Result<bool, StoreError> {
    blocking(move || Ok(is_version(&folder, expected))).await
}

/// Writes files as `place`, beside it first.
pub(super) async fn write(
    contents: Vec<(String, Vec<u8>)>,
    into: PathBuf,
    place: PathBuf,
    expected: Sha256,
) -> Result<PathBuf, StoreError> {
    blocking(move || {
        let failed = |source| StoreError::Local { path: place.clone(), source };
        fs::create_dir_all(&into).map_err(failed)?;
        let beside = tempfile::Builder::new().prefix(".fetching-").tempdir_in(&into).map_err(failed)?;
        for (name, content) in contents {
            fs::write(beside.path().join(name), content).map_err(failed)?;
        }
        // What is there is damaged, or another process has just been quicker.
        if place.exists() && !is_version(&place, expected) {
            fs::remove_dir_all(&place).map_err(failed)?;
        }
        match fs::rename(beside.path(), &place) {
            Err(error) if !is_version(&place, expected) => Err(failed(error)),
            Ok(()) | Err(_) => Ok(place.clone()),
        }
    })
    .await
}

/// That a file is the one that was meant.
pub(super) fn verify(file: &str, content: &[u8], expected: Sha256) -> Result<(), StoreError> {
    let found = Sha256::of(content);
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Hash { file: file.to_owned(), expected, found })
}

fn is_version(folder: &Path, expected: Sha256) -> bool {
    read(folder).is_ok_and(|files| files.stored().manifest_sha256 == expected)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(StoreError::Stopped)?
}
