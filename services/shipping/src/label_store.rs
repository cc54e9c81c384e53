//! Where label documents lie: an object store, today a local folder.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem};
use orderflow::fault::Fault;
use uuid::Uuid;

/// Most files that writes which were cut off can leave beside one document.
const LEFT_OVER: u32 = 9;

/// Stores label documents.
#[derive(Clone)]
pub struct LabelStore {
    store: Arc<dyn ObjectStore>,
    folder: PathBuf,
}

/// Where the two documents of an order lie: the same for a repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The ZPL document.
    pub zpl: String,
    /// The PDF document.
    pub pdf: String,
}

impl Paths {
    /// By order, in a folder per day, so that none grows for ever.
    #[must_use]
    pub fn of(order_id: Uuid, generated_at: Timestamp) -> Self {
        let stem = format!("{}/{order_id}", generated_at.strftime("%Y/%m/%d"));
        Self { zpl: format!("{stem}.zpl"), pdf: format!("{stem}.pdf") }
    }
}

impl LabelStore {
    /// In a local folder, which is made when it is not there. A document is on the disk when it counts as stored.
    ///
    /// # Errors
    /// `Fatal` when the folder cannot be made.
    pub fn local(folder: &Path) -> Result<Self, Fault> {
        let message =
            format!("cannot use {} as the label store: set LABEL_STORE to a folder", folder.display());
        let wrong = |error: Box<dyn std::error::Error + Send + Sync>| {
            Fault::fatal("label_store", message.clone()).caused_by(error)
        };
        std::fs::create_dir_all(folder).map_err(|error| wrong(error.into()))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| wrong(error.into()))?;
        Ok(Self { store: Arc::new(store.with_fsync(true)), folder: folder.to_owned() })
    }

    /// Stores both documents, over what may be there: a repeat writes the same bytes.
    ///
    /// # Errors
    /// `Transient` when the store does not take them.
    pub async fn put(&self, paths: &Paths, zpl: String, pdf: Vec<u8>) -> Result<(), Fault> {
        let put = async |path: &str, bytes: PutPayload| {
            self.store.put(&object_store::path::Path::from(path), bytes).await.map_err(|error| {
                Fault::transient("label_store_unavailable", "the label store does not take a document")
                    .caused_by(error)
            })
        };
        tokio::try_join!(put(&paths.zpl, zpl.into_bytes().into()), put(&paths.pdf, pdf.into()))?;
        Ok(())
    }

    /// Deletes documents by their paths, and what a write that was cut off may have left of them. Returns how many
    /// there were: one that is not there is no error.
    ///
    /// # Errors
    /// `Transient` when the store does not delete one; those before it are gone.
    pub async fn delete(&self, paths: &[String]) -> Result<usize, Fault> {
        let mut deleted = 0;
        for path in paths {
            match self.store.delete(&object_store::path::Path::from(path.as_str())).await {
                Ok(()) => deleted += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(undeleted().caused_by(error)),
            }
            // The store writes beside the document and renames; these it neither lists nor deletes.
            for number in 1..=LEFT_OVER {
                match tokio::fs::remove_file(self.folder.join(format!("{path}#{number}"))).await {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(undeleted().caused_by(error)),
                }
            }
        }
        Ok(deleted)
    }
}

fn undeleted() -> Fault {
    Fault::transient("label_store_unavailable", "the label store does not delete a document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deleted_document_leaves_nothing_and_an_absent_one_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = LabelStore::local(folder.path()).unwrap();
        let [one, other] = [1, 2].map(|id| Paths::of(Uuid::from_u128(id), Timestamp::UNIX_EPOCH));
        for paths in [&one, &other] {
            store.put(paths, "^XA".to_owned(), b"%PDF".to_vec()).await.unwrap();
        }
        std::fs::write(folder.path().join(format!("{}#2", one.zpl)), "a write that was cut off").unwrap();
        let both = [one.zpl, one.pdf];
        assert_eq!(store.delete(&both).await.unwrap(), 2);
        assert_eq!(store.delete(&both).await.unwrap(), 0);
        let left = std::fs::read_dir(folder.path().join("1970/01/01")).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        let id = Uuid::from_u128(2);
        assert_eq!(left, [format!("{id}.pdf"), format!("{id}.zpl")]);
    }
}
