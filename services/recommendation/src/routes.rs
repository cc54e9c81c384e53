//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use orderflow::http::{Outermost, served};
use serde_json::{Value, json};

use crate::{desk::Desk, meters::REQUESTS, problem_kind, recommend::recommend, related::related};

/// All routes.
pub fn routes(desk: Arc<Desk>) -> Router {
    let outermost = Outermost { clock: desk.clock.clone(), requests: REQUESTS };
    let routes = Router::new()
        .route("/", get(index))
        .route("/recommendations/{customer_id}", get(recommend))
        .route("/products/{sku}/related", get(related));
    served(routes, problem_kind::ALL, outermost).with_state(desk)
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
