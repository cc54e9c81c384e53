//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    cancel_order::cancel_order,
    decide_review::decide_review,
    desk::Desk,
    http::{body, correlation::correlate, kind::Kind, problem::Problem},
    list_orders::list_orders,
    order_events::order_events,
    reviews::reviews,
    show_order::show_order,
};

/// All routes.
pub fn routes(desk: Arc<Desk>) -> Router {
    let clock = desk.clock.clone();
    Router::new()
        .route("/", get(index))
        .route("/orders", get(list_orders))
        .route("/orders/{id}", get(show_order))
        .route("/orders/{id}/events", get(order_events))
        .route("/orders/{id}/cancel", post(cancel_order))
        .route("/reviews", get(reviews))
        .route("/reviews/{order_id}", post(decide_review))
        .route("/problems", get(problems))
        .route("/problems/{code}", get(problem))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // Layers, innermost first. The limit that counts bytes as they come, whatever Content-Length says.
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        // A panic is answered as a problem, so it is caught inside the layer that writes problems.
        .layer(CatchPanicLayer::custom(panicked))
        // Outermost: every answer has its correlation id, also one that was shed.
        .layer(from_fn_with_state(clock, correlate))
        .with_state(desk)
}

async fn index() -> Json<Value> {
    Json(json!({
        "service": "order-status",
        "what": "where each order stands and how it got there; takes cancels and reviews",
        "links": {
            "one order": "/orders/{id}?wait=accepted|final&timeout=30s",
            "its events as they come": "/orders/{id}/events",
            "cancel it": "POST /orders/{id}/cancel",
            "orders (staff)": "/orders?customer=…&state=…&limit=…&cursor=…",
            "orders held for review (staff)": "/reviews",
            "decide (staff)": "POST /reviews/{order_id}",
            "problems": "/problems",
        },
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
