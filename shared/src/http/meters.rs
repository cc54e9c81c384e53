//! Metrics of requests.

use std::time::Duration;

use axum::http::StatusCode;

/// Counts an answer under the service's own name for it.
pub fn request(requests: &'static str, route: &str, status: StatusCode, code: &'static str, took: Duration) {
    let route = route.to_owned();
    metrics::counter!(
        requests,
        "http_route" => route.clone(),
        "http_response_status_code" => status.as_str().to_owned(),
        "code" => code
    )
    .increment(1);
    metrics::histogram!(crate::metrics::REQUEST_DURATION, "http_route" => route).record(took.as_secs_f64());
}
