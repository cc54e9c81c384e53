//! Files in a local folder, or in a bucket of an S3-compatible store, by one kind of address.
//!
//! | module | answers |
//! |---|---|
//! | [`address`] | where the files are, as a setting says it |
//! | [`bucket`] | a bucket: opening it, and what its errors mean |
//!
//! What lies there, and what a failure means to a service, is its own affair.

pub mod address;
pub mod bucket;

use std::{ffi::OsString, io, path::Path, sync::Arc, time::Duration};

use object_store::{ObjectStore, local::LocalFileSystem};
use thiserror::Error;

pub use address::Address;

/// Why a place cannot be used, before anything was asked of it.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder cannot be made or used.
    #[error("the folder cannot be made or used")]
    Folder(#[source] io::Error),
    /// The variables of a bucket cannot work.
    #[error("{0}")]
    Bucket(&'static str),
}

/// The store at this address. A folder is made when it is not there; a bucket is not asked for yet, and its region and
/// credentials are taken from the variables (`AWS_…`). A request to a bucket, with its repeats, ends within `timeout`.
///
/// # Errors
/// When the folder cannot be made, or the variables of the bucket cannot work.
pub fn open(
    address: &Address,
    variables: impl IntoIterator<Item = (String, String)>,
    timeout: Duration,
) -> Result<Arc<dyn ObjectStore>, OpenError> {
    match address {
        Address::Folder(folder) => local(folder).map_err(OpenError::Folder),
        Address::Bucket { name, prefix } => {
            bucket::open(name, prefix, variables, timeout).map_err(OpenError::Bucket)
        }
    }
}

/// The variables of this process that are text.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text)
}

/// What is stored is on the disk.
fn local(folder: &Path) -> io::Result<Arc<dyn ObjectStore>> {
    std::fs::create_dir_all(folder)?;
    Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)))
}
