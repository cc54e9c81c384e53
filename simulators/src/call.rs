//! What is taken from an HTTP request, with every defect turned into a [`Refusal`].

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::reply::Refusal;

/// The header that makes a change safe to repeat.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

const LONGEST_KEY: usize = 255;

/// Whether a change is repeated under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyed {
    /// Refused without a key.
    Required,
    /// Replayed with a key, decided anew without.
    Optional,
    /// Safe to repeat by itself; a key is not looked at.
    Never,
}

/// What a change asks for.
pub trait Change: Serialize + DeserializeOwned {
    /// Whether somebody else decides, a bank or a depot, which takes its time.
    fn is_decided_outside(&self) -> bool {
        true
    }
}

impl Change for Map<String, Value> {}

/// One request, as it came.
#[derive(Debug)]
pub struct Call {
    route: String,
    headers: HeaderMap,
    body: Result<Bytes, Refusal>,
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let route = format!("{} {}", request.method(), request.uri().path());
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::BodyTooLarge,
                _ => Refusal::BodyUnreadable,
            }
        });
        Ok(Self { route, headers, body })
    }
}

impl Call {
    /// The idempotency key, by the rule of this route.
    ///
    /// # Errors
    /// [`Refusal::KeyMissing`] and [`Refusal::KeyInvalid`].
    pub fn key(&self, keyed: Keyed) -> Result<Option<String>, Refusal> {
        match (keyed, self.headers.get(IDEMPOTENCY_KEY)) {
            (Keyed::Never, _) | (Keyed::Optional, None) => Ok(None),
            (Keyed::Required, None) => Err(Refusal::KeyMissing),
            (_, Some(value)) => well_formed_key(value).map(Some),
        }
    }

    /// The body as a form with nested names, as Stripe's clients send it, or as JSON; no body stands for `{}`.
    ///
    /// # Errors
    /// Those of a body that did not arrive or does not fit.
    pub fn request<R: DeserializeOwned>(&self) -> Result<R, Refusal> {
        let body = self.body.as_ref().map_err(Refusal::clone)?;
        if self.is_form() && !body.is_empty() && !body.starts_with(b"{") {
            return form(body);
        }
        let text: &[u8] = if body.is_empty() { b"{}" } else { body };
        let mut json = serde_json::Deserializer::from_slice(text);
        let request = serde_path_to_error::deserialize(&mut json).map_err(|error| Refusal::Invalid {
            field: error.path().to_string(),
            message: error.inner().to_string(),
        })?;
        json.end().map_err(|error| Refusal::Invalid { field: ".".into(), message: error.to_string() })?;
        Ok(request)
    }

    /// What `curl -d` says of JSON too, so the body is looked at as well.
    fn is_form(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        kind.starts_with(b"application/x-www-form-urlencoded")
    }

    /// A hash that is equal for the same request: route and content, not spelling or field order.
    #[must_use]
    pub fn fingerprint(&self, request: &impl Serialize) -> Uuid {
        let content = serde_json::to_string(request).unwrap_or_default();
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}\n{content}", self.route).as_bytes())
    }
}

fn form<R: DeserializeOwned>(body: &[u8]) -> Result<R, Refusal> {
    // Brackets come encoded: `metadata%5Border_id%5D`.
    let config = serde_qs::Config::new().use_form_encoding(true);
    config
        .deserialize_bytes(body)
        .map_err(|error| Refusal::Invalid { field: ".".into(), message: error.to_string() })
}

fn well_formed_key(value: &HeaderValue) -> Result<String, Refusal> {
    let bytes = value.as_bytes();
    let visible = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    match value.to_str() {
        Ok(key) if visible && (1..=LONGEST_KEY).contains(&key.len()) => Ok(key.to_owned()),
        _ => Err(Refusal::KeyInvalid),
    }
}
