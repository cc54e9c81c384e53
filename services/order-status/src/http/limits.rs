//! Load shedding: how much all callers together may ask, and how many of them may wait.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{kind::Kind, problem::Problem};

/// Places for requests. Those that are answered at once and those that wait are counted apart, so that many that wait
/// never keep out one that does not.
#[derive(Clone)]
pub struct Places {
    brief: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Places {
    /// At most so many of each at once.
    pub fn new(brief: usize, waiting: usize) -> Self {
        Self { brief: Arc::new(Semaphore::new(brief)), waiting: Arc::new(Semaphore::new(waiting)) }
    }

    /// A place for a request that is answered at once, held until it is dropped.
    ///
    /// # Errors
    /// 503 when all places are taken: nobody queues.
    pub fn brief(&self) -> Result<OwnedSemaphorePermit, Problem> {
        enter(&self.brief)
    }

    /// A place for a long poll or a stream of events, held until it is dropped.
    ///
    /// # Errors
    /// 503 when all places are taken: nobody queues.
    pub fn waiting(&self) -> Result<OwnedSemaphorePermit, Problem> {
        enter(&self.waiting)
    }
}

fn enter(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    places.clone().try_acquire_owned().map_err(|_| {
        let detail = "all places are taken: try again after the time in Retry-After";
        Problem::new(Kind::Overloaded, detail).retry_after(Duration::from_secs(1))
    })
}
