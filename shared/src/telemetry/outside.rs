//! Requests to others over HTTP, each a span that goes along with it.

use reqwest::{RequestBuilder, Response, Url, header::HeaderValue};

use super::{Kind, begin, names};

/// A part of a path of at least this length, with a digit, names one thing.
const NAMES_ONE: usize = 8;

/// Sends a request for the record with the key `subject`, and returns with the head of the answer.
///
/// # Errors
/// As reqwest's own.
pub async fn send(request: RequestBuilder, subject: Option<&str>) -> reqwest::Result<Response> {
    let (client, request) = request.build_split();
    let mut request = request?;
    let mut span = begin(Kind::Client, request.method().as_str().to_owned(), subject);
    if span.is_on() {
        let url = request.url();
        span.set(names::METHOD, request.method().as_str().to_owned());
        span.set(names::TEMPLATE, template(url));
        span.set(names::SERVER, url.host_str().unwrap_or_default().to_owned());
        span.set(names::SERVER_PORT, i64::from(url.port_or_known_default().unwrap_or_default()));
    }
    if let Some(traceparent) = span.traceparent().and_then(|text| HeaderValue::from_str(&text).ok()) {
        request.headers_mut().insert("traceparent", traceparent);
    }
    let answer = client.execute(request).await;
    let error = match &answer {
        Ok(response) => {
            let status = response.status();
            span.set(names::STATUS, i64::from(status.as_u16()));
            (status.is_client_error() || status.is_server_error()).then(|| status.as_str().to_owned())
        }
        Err(error) => Some(if error.is_timeout() { "timeout" } else { "unreachable" }.to_owned()),
    };
    span.end(error);
    answer
}

/// The path without what names one thing, and without the query.
fn template(url: &Url) -> String {
    let names_one = |part: &&str| part.len() >= NAMES_ONE && part.bytes().any(|byte| byte.is_ascii_digit());
    let parts = url.path().split('/').map(|part| if names_one(&part) { "{id}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_without_whom_it_is_about() {
        for (path, told) in [
            ("/v1/payment_intents?query=x", "/v1/payment_intents"),
            ("/v1/payment_intents/pi_3PqZ1a2b/confirm", "/v1/payment_intents/{id}/confirm"),
            ("/v1/labels/by-order/0197d0c5-6c0e-7000-8000-000000000000", "/v1/labels/by-order/{id}"),
        ] {
            let url: Url = format!("http://user:secret@there{path}").parse().unwrap();
            assert_eq!(template(&url), told);
        }
    }
}
