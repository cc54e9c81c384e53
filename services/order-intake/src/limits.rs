//! How much one caller may ask.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroU32,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use orderflow::http::Problem;

use crate::problem_kind::RATE_LIMITED;

/// Most bytes of a body.
pub const MAX_BODY: usize = 512 * 1024;

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
            Problem::new(&RATE_LIMITED, "slow down, and try again after the time in Retry-After")
                .retry_after(wait)
        })
    }
}
