//! This service's own metrics.

use std::time::Duration;

use orderflow::metrics::{NOTIFICATION_ATTEMPTS, NOTIFICATION_DURATION};

use crate::verdict::Verdict;

/// Requests answered.
pub const REQUESTS: &str = orderflow::metrics::NOTIFICATIONS_REQUESTS;

/// Counts an attempt.
pub fn attempted(channel: &'static str, verdict: &Verdict, took: Duration) {
    let outcome = match verdict {
        Verdict::Delivered { .. } => "delivered",
        Verdict::Failed { reason, .. } => reason,
        Verdict::Later(_) => "later",
        Verdict::Again(_) => return,
    };
    metrics::counter!(NOTIFICATION_ATTEMPTS, "channel" => channel, "outcome" => outcome).increment(1);
    metrics::histogram!(NOTIFICATION_DURATION, "channel" => channel).record(took);
}
