//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    body, correlation::correlate, intake::Intake, place_order::place_order, problem::Problem,
    problem_kind::Kind, stock::adjust_stock,
};

/// All routes.
pub fn routes(intake: Arc<Intake>) -> Router {
    let clock = intake.clock.clone();
    Router::new()
        .route("/", get(index))
        .route("/orders", post(place_order))
        .route("/catalogue", get(catalogue))
        .route("/stock/adjustments", post(adjust_stock))
        .route("/problems", get(problems))
        .route("/problems/{code}", get(problem))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // Layers, innermost first. The limit that counts bytes as they come, whatever Content-Length says.
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        // Before anything costs: a place among those in flight, and where the caller is.
        .layer(from_fn_with_state(intake.clone(), admit))
        // A panic is answered as a problem, so it is caught inside the layer that writes problems.
        .layer(CatchPanicLayer::custom(panicked))
        // Outermost: every answer has its correlation id, also one that was shed.
        .layer(from_fn_with_state(clock, correlate))
        .with_state(intake)
}

async fn admit(
    State(intake): State<Arc<Intake>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place_among_those_in_flight = intake.in_flight.enter()?;
    let place = intake.network.place(request.headers(), request.extensions());
    request.extensions_mut().insert(place);
    Ok(next.run(request).await)
}

async fn index() -> Json<Value> {
    Json(json!({
        "service": "order-intake",
        "what": "takes orders in; each is answered once it is durable",
        "links": {
            "place an order": "POST /orders",
            "catalogue": "/catalogue",
            "adjust stock (operators)": "POST /stock/adjustments",
            "problems": "/problems",
        },
    }))
}

async fn catalogue(State(intake): State<Arc<Intake>>) -> Json<Value> {
    let catalogue = &intake.catalogue;
    Json(json!({
        "version": catalogue.version(),
        "currencies": catalogue.currencies().collect::<Vec<_>>(),
        "products": catalogue.products(),
    }))
}

async fn problems() -> Json<Value> {
    Json(Kind::ALL.iter().copied().map(described).collect())
}

async fn problem(Path(code): Path<String>) -> Result<Json<Value>, Problem> {
    let kind = Kind::ALL.iter().copied().find(|kind| kind.code() == code);
    kind.map(|kind| Json(described(kind)))
        .ok_or_else(|| Problem::new(Kind::NotFound, "there is no such problem"))
}

fn described(kind: Kind) -> Value {
    json!({ "type": kind.uri(), "code": kind.code(), "status": kind.status().as_u16(), "title": kind.title() })
}

async fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "see / for what there is")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "the Allow header says which methods there are")
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(code = "panic", error = text, "a handler panicked");
    Problem::new(Kind::Internal, "the request could not be handled; this is not the caller's fault")
        .into_response()
}
