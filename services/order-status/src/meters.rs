//! This service's own metrics.

/// Requests answered.
pub const REQUESTS: &str = orderflow::metrics::STATUS_REQUESTS;
