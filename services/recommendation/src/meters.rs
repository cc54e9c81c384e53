//! This service's own metrics.

/// Requests answered. Labels: `http_route`, `http_response_status_code`, `code` (the problem's, or `ok`).
pub const REQUESTS: &str = "orderflow_recommendation_requests_total";
