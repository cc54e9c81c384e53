//! Problems as routes: every kind has a page, and what is not there is a problem too.

use axum::{
    Json, Router,
    extract::Path,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    Kind, Outermost, Problem,
    correlation::correlate,
    kind::{self, METHOD_NOT_ALLOWED, NOT_FOUND},
};

/// A service's routes with all that every service serves alike: `/problems` with the kinds of every service and this
/// one's `own`, the answers to paths and methods that are not there, and the layers around them. After all other routes
/// and layers.
pub fn served<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    own: &'static [&'static Kind],
    outermost: Outermost,
) -> Router<S> {
    with_problems(routes, own)
        // A panic is answered as a problem, so it is caught inside the layer that writes problems.
        .layer(CatchPanicLayer::custom(panicked))
        // Outermost: every answer has its correlation id, also one that was shed.
        .layer(from_fn_with_state(outermost, correlate))
}

fn with_problems<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    own: &'static [&'static Kind],
) -> Router<S> {
    let kinds = move || kind::ALL.iter().chain(own).copied();
    let all = move || async move { Json(kinds().map(described).collect::<Value>()) };
    let one = move |Path(code): Path<String>| async move {
        let kind = kinds().find(|kind| kind.code() == code);
        let missing = || Problem::new(&NOT_FOUND, "there is no such problem");
        kind.map(|kind| Json(described(kind))).ok_or_else(missing)
    };
    routes
        .route("/problems", get(all))
        .route("/problems/{code}", get(one))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

fn described(kind: &Kind) -> Value {
    json!({ "type": kind.uri(), "code": kind.code(), "status": kind.status().as_u16(), "title": kind.title() })
}

async fn not_found() -> Problem {
    Problem::new(&NOT_FOUND, "see / for what there is")
}

async fn method_not_allowed() -> Problem {
    Problem::new(&METHOD_NOT_ALLOWED, "the Allow header says which methods there are")
}

/// The answer in place of one whose handler panicked.
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(code = "panic", error = text, "a handler panicked");
    Problem::internal().into_response()
}
