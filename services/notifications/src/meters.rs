//! This service's own metrics.

use std::time::Duration;

use crate::verdict::Verdict;

/// Requests answered. Labels: `http_route`, `http_response_status_code`, `code` (the problem's, or `ok`).
pub const REQUESTS: &str = "orderflow_notifications_requests_total";
/// Attempts to tell somebody. Labels: `channel`, `outcome` (`delivered`, `later`, or why it was given up).
const ATTEMPTS: &str = "orderflow_notifications_attempts_total";
/// How long they took, in seconds. Label: `channel`.
const DURATION: &str = "orderflow_notifications_attempt_seconds";

/// Counts an attempt.
pub fn attempted(channel: &'static str, verdict: &Verdict, took: Duration) {
    let outcome = match verdict {
        Verdict::Delivered { .. } => "delivered",
        Verdict::Failed { reason, .. } => reason,
        Verdict::Later(_) => "later",
        Verdict::Again(_) => return,
    };
    metrics::counter!(ATTEMPTS, "channel" => channel, "outcome" => outcome).increment(1);
    metrics::histogram!(DURATION, "channel" => channel).record(took);
}
