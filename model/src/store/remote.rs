//! Single files of the store.

use bytes::Bytes;
use futures::StreamExt;
use object_store::{
    Error::{AlreadyExists, NotFound, Precondition},
    GetOptions, PutMode, PutOptions, PutPayload,
    path::Path as Key,
};
use orderflow_storage::Address;

use super::{ModelStore, StoreError, Stored};
use crate::manifest;

impl ModelStore {
    pub(super) async fn put_file(
        &self,
        stored: &Stored,
        name: &str,
        content: Vec<u8>,
        version_is_there: bool,
    ) -> Result<(), StoreError> {
        if version_is_there {
            match self.get(&stored.folder, name, content.len()).await {
                Ok(Some(there)) if there == content => return Ok(()),
                // A card may come later; of the files that score the manifest tells which is right.
                Ok(None) => {}
                Ok(Some(_)) | Err(StoreError::TooLarge { .. }) => return Err(self.taken(stored, name)),
                Err(error) => return Err(error),
            }
        }
        let mode = if name == manifest::FILE { PutMode::Create } else { PutMode::Overwrite };
        let options = PutOptions { mode, ..PutOptions::default() };
        let content = Bytes::from(content);
        let payload = PutPayload::from(content.clone());
        match self.store.put_opts(&key(&stored.folder, name), payload, options).await {
            Ok(_) => Ok(()),
            // Somebody else has just published this version; perhaps the same files.
            Err(AlreadyExists { .. } | Precondition { .. }) => {
                match self.get(&stored.folder, name, content.len()).await {
                    Ok(Some(there)) if there == content => Ok(()),
                    _ => Err(self.taken(stored, name)),
                }
            }
            Err(error) => Err(self.unanswered("take", name, error)),
        }
    }

    pub(super) async fn file(&self, folder: &str, name: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        let found = self.get(folder, name, limit).await?;
        found.ok_or_else(|| StoreError::Missing {
            file: format!("{folder}/{name}"),
            place: self.address.to_string(),
        })
    }

    /// A file's bytes, at most `limit`; `None` when it is not there.
    pub(super) async fn get(
        &self,
        folder: &str,
        name: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let too_large = || StoreError::TooLarge { file: format!("{folder}/{name}"), limit };
        let found = match self.store.get_opts(&key(folder, name), GetOptions::default()).await {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(self.unanswered("give", name, error)),
        };
        // Said by the store, so only a hint: the bytes are counted as they come.
        if found.meta.size > limit as u64 {
            return Err(too_large());
        }
        let mut content = Vec::new();
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| self.unanswered("give", name, error))?;
            if content.len() + chunk.len() > limit {
                return Err(too_large());
            }
            content.extend_from_slice(&chunk);
        }
        Ok(Some(content))
    }

    pub(super) fn taken(&self, stored: &Stored, file: &str) -> StoreError {
        StoreError::Taken {
            folder: stored.folder.clone(),
            file: file.to_owned(),
            place: self.address.to_string(),
        }
    }

    fn unanswered(&self, what: &'static str, file: &str, error: object_store::Error) -> StoreError {
        // A bucket's own words may have secrets.
        let why = match self.address {
            Address::Folder(_) => error.to_string(),
            Address::Bucket { .. } => orderflow_storage::bucket::why(&error),
        };
        StoreError::Unanswered { place: self.address.to_string(), what, file: file.to_owned(), why }
    }
}

fn key(folder: &str, name: &str) -> Key {
    folder.split('/').chain([name]).collect()
}

/// Whether only the file is missing, not the bucket around it.
fn is_absent(error: &object_store::Error) -> bool {
    matches!(error, NotFound { .. }) && !orderflow_storage::bucket::is_missing(error)
}
