//! Load shedding: how much one caller may ask, and how much all of them together.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{problem::Problem, problem_kind::Kind};

/// How many callers are told apart. Callers share a slot by a hash nobody outside can guess, so the memory is bounded
/// (about 8 MB when every slot is used) whoever calls from however many addresses; of a thousand busy callers, fewer
/// than one in a hundred shares one.
const SLOTS: u64 = 1 << 17;

/// How often each caller may ask. Counts in real time: it protects this machine, it decides no order.
pub struct Rate {
    limiter: DefaultKeyedRateLimiter<u64>,
    clock: DefaultClock,
    hasher: RandomState,
}

impl Rate {
    /// Each caller may ask `per_second` times a second, and `burst` times at once.
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            limiter: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request of this caller.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn check(&self, caller: &impl Hash) -> Result<(), Problem> {
        let slot = self.hasher.hash_one(caller) % SLOTS;
        self.limiter.check_key(&slot).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Problem::new(Kind::RateLimited, "slow down, and try again after the time in Retry-After")
                .retry_after(wait)
        })
    }
}

/// How many requests are handled at once.
#[derive(Clone)]
pub struct InFlight {
    places: Arc<Semaphore>,
}

impl InFlight {
    /// At most `places` at once. Each may hold a body of half a megabyte.
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
            Problem::new(Kind::Overloaded, detail).retry_after(Duration::from_secs(1))
        })
    }
}
