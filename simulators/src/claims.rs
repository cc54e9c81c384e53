//! The keys that are being worked on: one request at a time for each.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::reply::Refusal;

/// The keys in progress.
#[derive(Debug, Clone, Default)]
pub struct Claims(Arc<Mutex<HashSet<String>>>);

/// A key in progress, until this is dropped: also when the caller hangs up.
#[derive(Debug)]
pub struct Claim {
    key: String,
    claims: Claims,
}

impl Claims {
    /// Claims the key, if there is one.
    ///
    /// # Errors
    /// [`Refusal::KeyInUse`] while another request has it.
    pub fn claim(&self, key: Option<&str>) -> Result<Option<Claim>, Refusal> {
        let Some(key) = key else { return Ok(None) };
        if !locked(&self.0).insert(key.to_owned()) {
            return Err(Refusal::KeyInUse);
        }
        Ok(Some(Claim { key: key.to_owned(), claims: self.clone() }))
    }

    /// How many keys are in progress.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.0).len()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        locked(&self.claims.0).remove(&self.key);
    }
}

/// A panic while a lock was held is answered with 500; every update here is one step, so what the
/// lock protects is whole.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
