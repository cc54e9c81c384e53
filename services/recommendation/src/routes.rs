//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{Json, Router, middleware::from_fn_with_state, routing::get};
use orderflow::http::{Outermost, correlate, panicked, with_problems};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{desk::Desk, meters::REQUESTS, problem_kind, recommend::recommend, related::related};

/// All routes.
pub fn routes(desk: Arc<Desk>) -> Router {
    let outermost = Outermost { clock: desk.clock.clone(), requests: REQUESTS };
    let routes = Router::new()
        .route("/", get(index))
        .route("/recommendations/{customer_id}", get(recommend))
        .route("/products/{sku}/related", get(related));
    with_problems(routes, problem_kind::ALL)
        // Layers, innermost first. A panic is answered as a problem, so it is caught inside the layer that writes
        // problems.
        .layer(CatchPanicLayer::custom(panicked))
        // Outermost: every answer has its correlation id, also one that was shed.
        .layer(from_fn_with_state(outermost, correlate))
        .with_state(desk)
}

async fn index() -> Json<Value> {
    Json(json!({
        "service": "recommendation",
        "what": "what to show to whom, learnt from orders, views and carts",
        "links": {
            "a customer's recommendations (staff, or the customer)": "/recommendations/{customer_id}?limit=10",
            "what goes with a product": "/products/{sku}/related?limit=10",
            "problems": "/problems",
        },
    }))
}
