//! The control tower: a web page for staff, served from the binary. It asks the routes that everybody asks.

use std::{io::Write, sync::LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
            ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use orderflow::http::{Problem, kind::NOT_FOUND};
use uuid::Uuid;

/// Where it is.
pub const PAGE: &str = "/ui/";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const DRAWING: &str = "image/svg+xml";

/// Everything comes from here, nothing stands inline, and nobody may frame it: the page acts with an operator's token.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($name:literal: $kind:expr),* $(,)?) => {
        [$(File::new($name, $kind, include_bytes!(concat!("../web/", $name)))),*]
    };
}

static FILES: LazyLock<[File; 20]> = LazyLock::new(|| {
    files! {
        "index.html": HTML,
        "app.css": STYLE,
        "icon.svg": DRAWING,
        "api.js": SCRIPT,
        "app.js": SCRIPT,
        "confirm.js": SCRIPT,
        "dom.js": SCRIPT,
        "flow.js": SCRIPT,
        "format.js": SCRIPT,
        "letter.js": SCRIPT,
        "letters.js": SCRIPT,
        "live.js": SCRIPT,
        "map.js": SCRIPT,
        "models.js": SCRIPT,
        "order.js": SCRIPT,
        "orders.js": SCRIPT,
        "reviews.js": SCRIPT,
        "rows.js": SCRIPT,
        "stream.js": SCRIPT,
        "timeline.js": SCRIPT,
    }
});

/// A file of the page, as it is and compressed.
struct File {
    name: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    /// In gzip.
    small: Bytes,
    /// Changes with the content.
    tag: String,
}

impl File {
    fn new(name: &'static str, kind: &'static str, plain: &'static [u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Into memory: cannot fail. A file that were empty would fail the tests.
        let small = encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default();
        let tag = Uuid::new_v5(&Uuid::NAMESPACE_OID, plain).simple().to_string();
        Self { name, kind, plain, small: small.into(), tag }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let is_small = weight(asked, ACCEPT_ENCODING, &["gzip"]).unwrap_or(0.0) > 0.0;
        let tag = format!("\"{}{}\"", self.tag, if is_small { "-gzip" } else { "" });
        let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let is_known =
            known.flat_map(|tags| tags.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag);
        // Asked for again each time, and answered 304 until a new version runs.
        let common = [(CACHE_CONTROL, "no-cache"), (VARY, "accept-encoding"), (ETAG, tag.as_str())];
        if is_known {
            return (StatusCode::NOT_MODIFIED, guarded(common)).into_response();
        }
        let mut headers = guarded(common);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if is_small {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return (headers, self.small.clone()).into_response();
        }
        (headers, self.plain).into_response()
    }
}

/// These headers, and those that keep the page to itself.
fn guarded(own: [(HeaderName, &str); 3]) -> HeaderMap {
    let guards = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let all = own.into_iter().chain(guards);
    all.filter_map(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?))).collect()
}

/// The routes of the page.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/ui", get(async || Redirect::permanent(PAGE)))
        .route("/ui/", get(async |headers: HeaderMap| file("index.html", &headers)))
        .route("/ui/{file}", get(async |Path(name): Path<String>, headers: HeaderMap| file(&name, &headers)))
}

fn file(name: &str, asked: &HeaderMap) -> Result<Response, Problem> {
    let found = FILES.iter().find(|file| file.name == name);
    found.map(|file| file.answer(asked)).ok_or_else(|| Problem::new(&NOT_FOUND, "the page has no such file"))
}

/// Whether the caller would rather see a page than JSON: a browser, which names `text/html`.
pub fn is_wanted(asked: &HeaderMap) -> bool {
    let html = weight(asked, ACCEPT, &["text/html"]).unwrap_or(0.0);
    let json = weight(asked, ACCEPT, &["application/json", "application/*", "*/*"]).unwrap_or(0.0);
    html > json
}

/// How much something is wanted, by the first of its names that the header holds (RFC 9110, section 12.4.2).
fn weight(asked: &HeaderMap, header: HeaderName, names: &[&str]) -> Option<f32> {
    let values: Vec<&str> = asked.get_all(header).iter().filter_map(|value| value.to_str().ok()).collect();
    let weight_of = |name: &str| {
        let mut items = values.iter().flat_map(|value| value.split(','));
        items.find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(name);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            is_it.then_some(weight.unwrap_or(1.0))
        })
    };
    names.iter().find_map(|name| weight_of(name))
}
