//! The clock every service is given. In tests its offset can be moved; nothing else reads the wall clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

/// The time, as this process sees it. Clones share one offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_us: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Now, UTC, in whole microseconds: what a record can carry.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // the one place that asks the system
    pub fn now(&self) -> Timestamp {
        let us = Timestamp::now().as_microsecond().saturating_add(self.offset_us.load(Ordering::Relaxed));
        Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
    }

    /// Moves this clock ahead of (or behind) the system's.
    pub fn set_offset(&self, offset: SignedDuration) {
        let us = i64::try_from(offset.as_micros()).unwrap_or(i64::MAX);
        self.offset_us.store(us, Ordering::Relaxed);
    }
}
