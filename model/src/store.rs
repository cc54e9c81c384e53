//! The model store: a folder or a bucket that keeps every published version of every model, each in
//! `<name>/<version>/`.
//!
//! Invariants:
//! - A version that is there is never changed: other files under its name are refused.
//! - Its manifest is written last: where there is one, the files it names are there.
//! - What is fetched is what was asked for by the manifest's fingerprint, or nothing. A fetched folder is whole under its
//!   name, or not there.

mod error;
mod local;
mod remote;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use object_store::ObjectStore;
use orderflow_storage::Address;

pub use error::StoreError;

use crate::files::Sha256;
use crate::manifest::{self, Manifest, is_plain};
use crate::{golden, onnx};

/// What a model says about itself to people. It may be missing, and nobody scores by it.
pub const CARD: &str = "CARD.md";
/// The largest card that is read, in bytes.
const MAX_CARD_BYTES: usize = 256 << 10;
/// How long a bucket may take for one file, repeats included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where published models are kept. Clones share one client.
#[derive(Clone)]
pub struct ModelStore {
    store: Arc<dyn ObjectStore>,
    address: Address,
}

/// Its client may hold credentials.
impl fmt::Debug for ModelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelStore({})", self.address)
    }
}

/// A version as it is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is in the store: `<name>/<version>`.
    pub folder: String,
    /// The fingerprint of its manifest, which has those of the files that score.
    pub manifest_sha256: Sha256,
    /// Each of its files, by name.
    pub files: Vec<StoredFile>,
}

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// Its fingerprint.
    pub sha256: Sha256,
    /// How large it is, in bytes.
    pub bytes: usize,
}

impl ModelStore {
    /// The store at this place. A folder is made when it is not there; a bucket is not asked for yet, and its region and
    /// credentials are taken from the variables (`AWS_…`, see [`orderflow_storage::variables`]).
    ///
    /// # Errors
    /// When the folder cannot be made, or the bucket's variables cannot work.
    pub fn open(
        address: &Address,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, StoreError> {
        let opened = orderflow_storage::open(address, variables, TIMEOUT);
        let store = opened.map_err(|source| StoreError::Open { place: address.to_string(), source })?;
        Ok(Self { store, address: address.clone() })
    }

    /// Stores a local folder as the version its manifest names. The same files again change nothing, and finish what was
    /// cut off. Whether they hold what they should is for [`crate::Package::open`] to say, before this.
    ///
    /// # Errors
    /// When a file is missing, too large or not the manifest's; when the store has other files under this version
    /// ([`StoreError::Taken`]); when it does not answer.
    pub async fn put(&self, folder: &Path) -> Result<Stored, StoreError> {
        let files = local::read_all(folder.to_owned()).await?;
        let stored = files.stored();
        // Until its manifest is there, a version is not: a put was cut off, and may be written over.
        let manifest = self.get(&stored.folder, manifest::FILE, manifest::MAX_BYTES).await?;
        if manifest.as_ref().is_some_and(|there| Sha256::of(there) != stored.manifest_sha256) {
            return Err(self.taken(&stored, manifest::FILE));
        }
        let is_there = manifest.is_some();
        for (name, content) in files.contents {
            self.put_file(&stored, &name, content, is_there).await?;
        }
        Ok(stored)
    }

    /// Brings a version into `into`, which is made when it is not there, and returns its own folder in it. One that is
    /// there already, whole, is not fetched again.
    ///
    /// # Errors
    /// When the store does not answer, does not have it, or has other files than the fingerprint says; when a file is
    /// larger than its kind may be; when it cannot be written.
    pub async fn fetch(
        &self,
        folder: &str,
        manifest_sha256: &str,
        into: &Path,
    ) -> Result<PathBuf, StoreError> {
        let expected: Sha256 = manifest_sha256.parse().map_err(|()| StoreError::Fingerprint)?;
        let place = into.join(format!("{}-{expected}", plain(folder)?.replace('/', "-")));
        if local::is_whole(place.clone(), expected).await? {
            return Ok(place);
        }
        let (manifest, content) = self.manifest(folder, manifest_sha256).await?;
        let mut files = vec![(manifest::FILE.to_owned(), content)];
        for (name, sha256, limit) in pinned(&manifest) {
            let content = self.file(folder, &name, limit).await?;
            local::verify(&name, &content, sha256)?;
            files.push((name, content));
        }
        local::write(files, into.to_owned(), place, expected).await
    }

    /// A version's manifest, and the bytes it was read from.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub async fn manifest(
        &self,
        folder: &str,
        manifest_sha256: &str,
    ) -> Result<(Manifest, Vec<u8>), StoreError> {
        let expected: Sha256 = manifest_sha256.parse().map_err(|()| StoreError::Fingerprint)?;
        let content = self.file(plain(folder)?, manifest::FILE, manifest::MAX_BYTES).await?;
        local::verify(manifest::FILE, &content, expected)?;
        Ok((Manifest::read(&content)?, content))
    }

    /// What a version says about itself to people, if it does.
    ///
    /// # Errors
    /// When the store does not answer, or the card is too large.
    pub async fn card(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let card = self.get(plain(folder)?, CARD, MAX_CARD_BYTES).await?;
        Ok(card.map(|card| String::from_utf8_lossy(&card).into_owned()))
    }
}

/// The files that score, their fingerprints, and how large each may be.
fn pinned(manifest: &Manifest) -> [(String, Sha256, usize); 2] {
    [
        (manifest.file.clone(), manifest.sha256, onnx::MAX_BYTES),
        (manifest.golden.file.clone(), manifest.golden.sha256, golden::MAX_BYTES),
    ]
}

/// A folder of the store comes from a topic, so it is not trusted: `<name>/<version>`, and nothing that leads elsewhere.
fn plain(folder: &str) -> Result<&str, StoreError> {
    match folder.split_once('/') {
        Some((name, version)) if is_plain(name) && is_plain(version) => Ok(folder),
        _ => Err(StoreError::Folder),
    }
}
