//! One request to the gateway and its answer, as bytes.

use orderflow::{fault::Fault, faults, telemetry};
use reqwest::{RequestBuilder, StatusCode};

/// The largest answer, in bytes; a thousand times the usual one.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Says that an answer was kept from the first request with its idempotency key, so that it may be out of date.
const REPLAYED: &str = "idempotent-replayed";

/// What came back.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// Whether it tells what was true at the first request with its key.
    pub is_replayed: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends a request about the order `about` and takes the answer in, whatever its status.
///
/// # Errors
/// `Transient` when there is no answer, or none that could be one.
pub async fn send(request: RequestBuilder, about: &str) -> Result<Response, Fault> {
    faults::point("before_call");
    let mut response = telemetry::send(request, Some(about)).await.map_err(unanswered)?;
    faults::point("after_call");
    let is_replayed = response.headers().get(REPLAYED).is_some_and(|value| value.as_bytes() == b"true");
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Fault::transient(
                "gateway_unreadable",
                "the gateway's answer is larger than any should be",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, is_replayed, body })
}

/// The request may have arrived: the outcome is unknown until the gateway is asked again.
fn unanswered(error: reqwest::Error) -> Fault {
    // Without the address: it may hold credentials.
    let error = error.without_url();
    if error.is_timeout() {
        Fault::transient("gateway_timeout", "the gateway did not answer in time").caused_by(error)
    } else {
        Fault::transient("gateway_unavailable", "the gateway cannot be reached").caused_by(error)
    }
}
