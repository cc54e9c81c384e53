//! What a bucket's answers mean to labels.

use object_store::PutResult;
use orderflow::fault::Fault;
use orderflow_storage::bucket;

use super::Address;

/// A bucket that keeps versions would keep the documents of whoever is erased.
///
/// # Errors
/// `Fatal`.
pub(super) fn keeps_nothing(stored: &PutResult, address: &Address) -> Result<(), Fault> {
    match stored.version.as_deref() {
        None | Some("" | "null") => Ok(()),
        Some(_) => {
            let why = "keeps versions, so that documents of erased persons would stay: suspend versioning";
            Err(Fault::fatal("label_store", format!("{address} {why}, and delete the versions there are")))
        }
    }
}

/// The fault of a call that failed, without the request.
pub(super) fn explained(what: &str, address: &Address, error: &object_store::Error) -> Fault {
    let message = format!("{address} does not {what} a document: {}", bucket::why(error));
    Fault::transient("label_store_unavailable", message)
}
