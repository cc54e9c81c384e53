//! Errors for people and programs: `application/problem+json` (RFC 9457), one shape for every refusal.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Kind, Mistake,
    kind::{INTERNAL, UNAVAILABLE},
};
use crate::fault::{Consequence, Fault};

/// The media type of a problem.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Most mistakes named in one answer; the detail says how many there are.
const MAX_MISTAKES: usize = 100;

/// A request that was not served, and why.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: &'static Kind,
    detail: String,
    mistakes: Vec<Mistake>,
    more: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is written: RFC 9457's members, and our own: `code` (the end of `type`), `errors`, and what a kind tells
/// beside them.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    code: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Mistake],
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

impl Problem {
    /// A problem of this kind; `detail` says what to do, and holds nothing that the caller sent in secret.
    #[must_use]
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), mistakes: Vec::new(), more: Map::new(), headers: Vec::new() }
    }

    /// A mistake of ours; the log has what it is.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(&INTERNAL, "the request could not be handled; this is not the caller's fault")
    }

    /// A problem with the fields at fault, all of them.
    #[must_use]
    pub fn with_mistakes(kind: &'static Kind, mut mistakes: Vec<Mistake>) -> Self {
        let count = mistakes.len();
        let detail = match count {
            1 => "one field is wrong: see `errors`".to_owned(),
            2..=MAX_MISTAKES => format!("{count} fields are wrong: see `errors`"),
            _ => format!("{count} fields are wrong: `errors` has the first {MAX_MISTAKES}"),
        };
        mistakes.truncate(MAX_MISTAKES);
        Self { mistakes, ..Self::new(kind, detail) }
    }

    /// The same problem, which passes: come back after `wait`, rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The same problem with a member of its own, such as the final state of an order that is finished.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// The same problem with a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The body. `instance` names this occurrence: the request's correlation id.
    #[must_use]
    pub fn body(&self, correlation_id: &str) -> Vec<u8> {
        let body = Body {
            r#type: self.kind.uri(),
            title: self.kind.title(),
            status: self.status().as_u16(),
            detail: &self.detail,
            instance: as_uri(correlation_id),
            code: self.kind.code(),
            errors: &self.mistakes,
            more: &self.more,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Headers that go with it.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code(), self.detail)
    }
}

impl IntoResponse for Problem {
    /// Only the status: the outermost layer knows the correlation id and writes the rest ([`super::correlation`]).
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<Fault> for Problem {
    /// An outage passes; anything else is ours to repair. The fault is logged here, where it is handled.
    fn from(fault: Fault) -> Self {
        let code = fault.code();
        match fault.consequence() {
            Consequence::Transient | Consequence::Lost => {
                tracing::warn!(code, error = %fault, "a request is turned away: a dependency does not answer");
                let detail = "the log or the state does not answer; nothing was accepted that is not durable: send \
                              the same request again, with the same Idempotency-Key if it has one";
                Self::new(&UNAVAILABLE, detail).retry_after(Duration::from_secs(2))
            }
            Consequence::Poison | Consequence::Fatal => {
                tracing::error!(code, error = %fault, "a request failed by our own fault");
                Self::internal()
            }
        }
    }
}

/// The correlation id as a URI reference: what RFC 3986 does not allow in one is percent-encoded.
fn as_uri(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
