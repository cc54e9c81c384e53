//! A request's body: within its limits, of the right type, parsed, with the place of the first mistake.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request},
    http::{StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::{
    Mistake, Problem,
    kind::{BODY_TOO_LARGE, BROKEN_BODY, MALFORMED_JSON, SLOW_BODY, UNEXPECTED_JSON, UNSUPPORTED_MEDIA_TYPE},
    object::Object,
};

/// How long a body may take to arrive: a slow sender must not hold a place for ever.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Reads and parses the body of a JSON request, of at most `max` bytes.
///
/// # Errors
/// 415 unless the body is `application/json`, 413 above the limit, 408 when it comes too slowly, 400 when it breaks off;
/// as [`parse`].
pub async fn json<T: DeserializeOwned>(request: Request, max: usize) -> Result<T, Problem> {
    parse(&read(request, max).await?)
}

/// Reads the body of a JSON request, of at most `max` bytes, as it came.
///
/// # Errors
/// As [`json`], but for what is in it.
pub async fn read(mut request: Request, max: usize) -> Result<Bytes, Problem> {
    require_json(&request)?;
    // Bytes are counted as they come, whatever Content-Length says.
    DefaultBodyLimit::max(max).apply(&mut request);
    match tokio::time::timeout(ARRIVAL, Bytes::from_request(request, &())).await {
        Err(_) => Err(Problem::new(&SLOW_BODY, format!("a body has {} s to arrive", ARRIVAL.as_secs()))),
        Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::new(&BODY_TOO_LARGE, format!("a body may have {max} bytes")))
        }
        Ok(Err(_)) => Err(Problem::new(&BROKEN_BODY, "the body ended before its end")),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

fn require_json(request: &Request) -> Result<(), Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.map(|text| text.split(';').next().unwrap_or(text).trim());
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        Some(_) => Err(unsupported("the Content-Type is another one")),
        None => Err(unsupported("there is no Content-Type header")),
    }
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(&UNSUPPORTED_MEDIA_TYPE, format!("{detail}: send Content-Type: application/json"))
}

/// Parses a JSON body.
///
/// # Errors
/// 400 with line and column when it is not JSON; 422 with the field when it is JSON of another shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(parsed) = serde_path_to_error::deserialize::<_, Object<T>>(&mut json).map_err(|error| {
        let path = error.path().clone();
        refusal(&error.into_inner(), &path)
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(parsed)
}

fn refusal(error: &serde_json::Error, path: &Path) -> Problem {
    match error.classify() {
        Category::Data => Problem::with_mistakes(&UNEXPECTED_JSON, vec![mistake(error, path)]),
        Category::Io | Category::Syntax | Category::Eof => malformed(error),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(&MALFORMED_JSON, format!("the body is not JSON: {error}"))
}

/// The field at fault. serde reports a missing field at its parent; the pointer names the field itself.
fn mistake(error: &serde_json::Error, path: &Path) -> Mistake {
    let message = error.to_string();
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let mut field = pointer(path);
    if let Some(name) = missing {
        field.push('/');
        field.push_str(name);
    }
    let code = match () {
        () if missing.is_some() => "missing",
        () if message.starts_with("unknown field") => "unknown_field",
        () if message.starts_with("duplicate field") => "duplicate_field",
        () => "wrong_type",
    };
    Mistake { field, code, detail: without_values(&message) }
}

/// serde quotes a wrong value in its message; it may be personal, so only its kind is kept.
fn without_values(message: &str) -> String {
    let Some(rest) = message.strip_prefix("invalid ") else { return message.to_owned() };
    match (rest.split_once(": "), message.rsplit_once(", expected ")) {
        (Some((_, found)), Some((_, expected))) => {
            let kind = found.split([' ', '`', '"', ',']).next().unwrap_or_default();
            format!("found {kind}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}
