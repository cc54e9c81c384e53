//! Where label documents lie: in a local folder, or in a bucket of an S3-compatible store.

mod bucket;
#[cfg(test)]
mod tests;

use std::{io, path::Path, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt, stream::iter};
use jiff::Timestamp;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, path::Path as Key};
use orderflow::{
    breaker::{Breaker, Dependency},
    fault::Fault,
    health::Health,
};
use orderflow_storage::{OpenError, bucket::is_missing};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

pub use orderflow_storage::{Address, variables};

/// Most files that writes which were cut off can leave beside one document.
const LEFT_OVER: u32 = 9;

/// Most documents deleted at the same time.
const DELETIONS: usize = 16;

/// One request and its repeats end well within a step's time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What readiness calls the label store.
const CONCERN: &str = "label_store";

/// The label store, as its breaker sees it.
pub const LABEL_STORE: Dependency = Dependency {
    name: "label-store",
    refusal: "label_store_breaker_open",
    outages: &["label_store_unavailable"],
};

/// Stores label documents. Readiness is degraded while it does not take or delete them.
#[derive(Clone)]
pub struct LabelStore {
    store: Arc<dyn ObjectStore>,
    address: Address,
    health: Health,
    breaker: Option<Breaker>,
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
    /// The store at this address. A folder is made when it is not there; a bucket is not asked for yet, and its region
    /// and credentials are taken from the variables (`AWS_…`).
    ///
    /// # Errors
    /// `Fatal` when the folder cannot be made, or the variables of the bucket are wrong.
    pub fn open(
        address: &Address,
        variables: impl IntoIterator<Item = (String, String)>,
        health: &Health,
    ) -> Result<Self, Fault> {
        let store = orderflow_storage::open(address, variables, TIMEOUT).map_err(|e| unusable(address, e))?;
        Ok(Self { store, address: address.clone(), health: health.clone(), breaker: None })
    }

    /// The same behind a breaker: while the store is out, no label is blamed for it.
    #[must_use]
    pub fn guarded(self, breaker: Breaker) -> Self {
        Self { breaker: Some(breaker), ..self }
    }

    /// Stores and deletes a file of no meaning in a bucket, so that what is wrong with it is known before the first
    /// label. A folder needs no such proof.
    ///
    /// # Errors
    /// `Transient` when the bucket is not there, denies access or does not answer. `Fatal` when it keeps versions: what
    /// is erased would stay there.
    pub async fn check(&self) -> Result<(), Fault> {
        if let Address::Folder(_) = self.address {
            return Ok(());
        }
        let key = Key::from("checked");
        let checked = async {
            let stored = self.store.put(&key, PutPayload::new()).await.map_err(|e| self.untaken(e))?;
            self.store.delete(&key).await.map_err(|e| self.undeleted(e))?;
            bucket::keeps_nothing(&stored, &self.address)
        };
        self.noted(checked.await)
    }

    /// Stores both documents by the deadline, over what may be there: a repeat writes the same bytes.
    ///
    /// # Errors
    /// `Transient` when the store does not take them in time.
    pub async fn put(
        &self,
        paths: &Paths,
        zpl: String,
        pdf: Vec<u8>,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let put = async |path: &str, bytes: PutPayload| {
            self.store.put(&Key::from(path), bytes).await.map_err(|error| self.untaken(error))
        };
        let both =
            async { tokio::try_join!(put(&paths.zpl, zpl.into_bytes().into()), put(&paths.pdf, pdf.into())) };
        let late = |_| Fault::transient("label_store_unavailable", "the label store takes too long");
        let stored = async { timeout_at(deadline, both).await.map_err(late).flatten().map(drop) };
        self.called(stored).await
    }

    /// Deletes documents by their paths, and what a write that was cut off may have left of them. Returns how many
    /// there were: one that is not there is no error.
    ///
    /// # Errors
    /// `Transient` when the store does not delete one; others may be gone.
    pub async fn delete(&self, paths: &[String]) -> Result<usize, Fault> {
        let deleting = iter(paths.to_vec()).map(async |path| self.delete_one(&path).await);
        let deleting = deleting.buffer_unordered(DELETIONS);
        let deleted: Vec<bool> = self.called(deleting.try_collect()).await?;
        Ok(deleted.into_iter().filter(|was_there| *was_there).count())
    }

    /// Whether it was there.
    async fn delete_one(&self, path: &str) -> Result<bool, Fault> {
        let key = Key::from(path);
        // A bucket deletes what is not there without a word. One that does not let us look is believed to have it.
        let is_there = match self.address {
            Address::Folder(_) => true,
            Address::Bucket { .. } => {
                !matches!(self.store.head(&key).await, Err(object_store::Error::NotFound { .. }))
            }
        };
        let was_there = match self.store.delete(&key).await {
            Ok(()) => is_there,
            Err(error) if is_absent(&error) => false,
            Err(error) => return Err(self.undeleted(error)),
        };
        if let Address::Folder(folder) = &self.address {
            self.delete_left_over(folder, path).await?;
        }
        Ok(was_there)
    }

    /// A folder's store writes beside the document and renames; these files it neither lists nor deletes.
    async fn delete_left_over(&self, folder: &Path, path: &str) -> Result<(), Fault> {
        for number in 1..=LEFT_OVER {
            match tokio::fs::remove_file(folder.join(format!("{path}#{number}"))).await {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(refused("delete").caused_by(error)),
            }
        }
        Ok(())
    }

    fn untaken(&self, error: object_store::Error) -> Fault {
        self.explained("take", error)
    }

    fn undeleted(&self, error: object_store::Error) -> Fault {
        self.explained("delete", error)
    }

    fn explained(&self, what: &str, error: object_store::Error) -> Fault {
        match &self.address {
            Address::Folder(_) => refused(what).caused_by(error),
            Address::Bucket { .. } => bucket::explained(what, &self.address, &error),
        }
    }

    /// Makes a call, if calls go through. While none do, readiness says why the last one failed.
    async fn called<T>(&self, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let noted = async { self.noted(call.await) };
        match &self.breaker {
            Some(breaker) => breaker.call(noted).await,
            None => noted.await,
        }
    }

    /// Lets readiness say how the last call ended.
    fn noted<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        match &result {
            Ok(_) => self.health.settled(CONCERN),
            Err(fault) => self.health.degraded(CONCERN, fault.to_string()),
        }
        result
    }
}

fn unusable(address: &Address, error: OpenError) -> Fault {
    match error {
        OpenError::Folder(error) => {
            let message = format!("cannot use {address} as the label store: set LABEL_STORE to a folder");
            Fault::fatal("label_store", message).caused_by(error)
        }
        OpenError::Bucket(why) => {
            Fault::fatal("label_store", format!("cannot use the bucket of LABEL_STORE: {why}"))
        }
    }
}

/// Whether only the document is missing, not the bucket around it.
fn is_absent(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. }) && !is_missing(error)
}

fn refused(what: &str) -> Fault {
    Fault::transient("label_store_unavailable", format!("the label store does not {what} a document"))
}
