//! The time, injected so that tests can move it.

use std::sync::Arc;

use jiff::Timestamp;

/// Answers the time now.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of this machine, to the microsecond.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one place where the real time comes in")]
pub fn system() -> Clock {
    Arc::new(|| {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    })
}
