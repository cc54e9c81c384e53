//! Where label documents lie: an object store, today a local folder.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem};
use orderflow::fault::Fault;
use uuid::Uuid;

/// Stores label documents.
#[derive(Clone)]
pub struct LabelStore(Arc<dyn ObjectStore>);

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
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// Stores both documents, over what may be there: a repeat writes the same bytes.
    ///
    /// # Errors
    /// `Transient` when the store does not take them.
    pub async fn put(&self, paths: &Paths, zpl: String, pdf: Vec<u8>) -> Result<(), Fault> {
        let put = async |path: &str, bytes: PutPayload| {
            self.0.put(&object_store::path::Path::from(path), bytes).await.map_err(|error| {
                Fault::transient("label_store_unavailable", "the label store does not take a document")
                    .caused_by(error)
            })
        };
        tokio::try_join!(put(&paths.zpl, zpl.into_bytes().into()), put(&paths.pdf, pdf.into()))?;
        Ok(())
    }
}
