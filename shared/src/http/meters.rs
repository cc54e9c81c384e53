//! Metrics of requests.

use std::time::Duration;

use axum::http::StatusCode;

/// Time to the answer's head, in seconds; a wait the caller asked for counts. Labels: `http_route`.
const REQUEST_DURATION: &str = "http_server_request_duration_seconds";

/// Counts an answer under the service's own name for it. Labels: `http_route`, `http_response_status_code`, `code` (the
/// problem's, or `ok`).
pub fn request(requests: &'static str, route: &str, status: StatusCode, code: &'static str, took: Duration) {
    let route = route.to_owned();
    metrics::counter!(
        requests,
        "http_route" => route.clone(),
        "http_response_status_code" => status.as_str().to_owned(),
        "code" => code
    )
    .increment(1);
    metrics::histogram!(REQUEST_DURATION, "http_route" => route).record(took.as_secs_f64());
}
