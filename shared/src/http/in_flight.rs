//! Load shedding: how many requests are handled at once.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Problem, kind::OVERLOADED};

/// Places for requests. Clones share them.
#[derive(Debug, Clone)]
pub struct InFlight {
    places: Arc<Semaphore>,
}

impl InFlight {
    /// At most `places` at once.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)) }
    }

    /// A place, held until it is dropped. Nobody queues: whoever waits here would wait longer than a retry takes.
    ///
    /// # Errors
    /// 503 when all places are taken.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            let detail = "all places are taken: try again after the time in Retry-After";
            Problem::new(&OVERLOADED, detail).retry_after(Duration::from_secs(1))
        })
    }
}
