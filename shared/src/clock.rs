//! The clock every service is given. In tests its offset can be moved; nothing else reads the wall clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

/// The time, as this process sees it. Clones share one offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds ahead of the system's clock; since 1970 of a clock that stands.
    us: Arc<AtomicI64>,
    stands: bool,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands, until it is [put](Self::put) somewhere else: for what is done again as it was done then.
    #[must_use]
    pub fn standing(at: Timestamp) -> Self {
        Self { us: Arc::new(AtomicI64::new(at.as_microsecond())), stands: true }
    }

    /// Now, UTC, in whole microseconds: what a record can carry.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // the one place that asks the system
    pub fn now(&self) -> Timestamp {
        let own = self.us.load(Ordering::Relaxed);
        let us = if self.stands { own } else { Timestamp::now().as_microsecond().saturating_add(own) };
        Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
    }

    /// Moves this clock ahead of (or behind) the system's. A clock that stands stays where it is.
    pub fn set_offset(&self, offset: SignedDuration) {
        if !self.stands {
            self.us.store(i64::try_from(offset.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// Puts a clock that stands at this time. One that goes is not touched.
    pub fn put(&self, at: Timestamp) {
        if self.stands {
            self.us.store(at.as_microsecond(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_stands_where_it_is_put_for_all_who_have_it() {
        let clock = Clock::standing(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.set_offset(SignedDuration::from_hours(1));
        assert_eq!((other.now(), clock.now()), (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
        clock.put(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(5));
        assert_eq!(other.now().as_second(), 300);
    }
}
