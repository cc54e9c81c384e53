//! Answers, and the refusals both simulators share. How a refusal looks is each simulator's own.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// Marks an answer that was kept from the first time, as Stripe does.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A status and a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// `application/json`, or RFC 9457's type for a problem.
    pub content_type: &'static str,
    /// The body.
    pub body: Value,
}

impl Reply {
    /// 200 with this body.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// This status with this body.
    #[must_use]
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_value(body) {
            Ok(body) => Self { status, content_type: "application/json", body },
            // Only a map with odd keys can fail, and no answer has one.
            Err(error) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                content_type: "application/json",
                body: Value::String(error.to_string()),
            },
        }
    }

    /// Turns it into a response, marked when it was kept from the first time.
    #[must_use]
    pub fn respond(self, replayed: bool) -> Response {
        let kind = [(header::CONTENT_TYPE, self.content_type)];
        let mut response = (self.status, kind, self.body.to_string()).into_response();
        let headers = response.headers_mut();
        if replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Why a request got no decision. Nothing was recorded for it, except behind [`Refusal::NoAnswer`].
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// A change came without `Idempotency-Key`.
    KeyMissing,
    /// The key is empty, too long, or not visible ASCII.
    KeyInvalid,
    /// The key was first used with another request.
    KeyReused,
    /// The first request with this key is still being worked on.
    KeyInUse,
    /// The body is larger than [`crate::server::BODY_LIMIT`].
    BodyTooLarge,
    /// The body did not arrive whole.
    BodyUnreadable,
    /// The body is not the JSON that is expected here.
    Invalid {
        /// Where, as a path; `.` for the whole.
        field: String,
        /// What is wrong.
        message: String,
    },
    /// No such path, or no such method there.
    UnknownRoute,
    /// A fault switch: failed before doing anything.
    Failing,
    /// A fault switch: too many requests.
    Throttled,
    /// A fault switch: the work is done and recorded, the answer is withheld.
    NoAnswer,
    /// The ledger can no longer be written.
    LedgerBroken,
}

impl Refusal {
    /// The status, a stable code, and a sentence for people.
    #[must_use]
    pub fn parts(&self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        let (status, code, text) = match self {
            Self::KeyMissing => (
                S::BAD_REQUEST,
                "idempotency_key_missing",
                "Send an Idempotency-Key header with this request.",
            ),
            Self::KeyInvalid => (
                S::BAD_REQUEST,
                "idempotency_key_invalid",
                "An Idempotency-Key is 1 to 255 visible ASCII characters.",
            ),
            Self::KeyReused => (
                S::BAD_REQUEST,
                "idempotency_key_reused",
                "Keys for idempotent requests can only be used with the endpoint and parameters they were \
                 first used with. Use another key if you mean another request.",
            ),
            Self::KeyInUse => (
                S::CONFLICT,
                "idempotency_key_in_use",
                "Another request with this Idempotency-Key is in progress. Repeat it later.",
            ),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is larger than 64 KiB."),
            Self::BodyUnreadable => (S::BAD_REQUEST, "body_unreadable", "The body did not arrive whole."),
            Self::Invalid { message, .. } => (S::BAD_REQUEST, "invalid_request", message.as_str()),
            Self::UnknownRoute => {
                (S::NOT_FOUND, "unknown_route", "There is no such path, or not with this method.")
            }
            Self::Failing => {
                (S::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong. Nothing was done.")
            }
            Self::Throttled => (S::TOO_MANY_REQUESTS, "rate_limit", "Too many requests. Nothing was done."),
            Self::NoAnswer => {
                (S::GATEWAY_TIMEOUT, "timeout", "The answer took too long. The outcome is unknown.")
            }
            Self::LedgerBroken => (
                S::INTERNAL_SERVER_ERROR,
                "ledger_broken",
                "The ledger cannot be written. The outcome is unknown.",
            ),
        };
        (status, code, text.to_owned())
    }
}
