//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::{
        HeaderMap,
        header::{CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use orderflow::http::{Outermost, served};
use serde_json::json;

use crate::{
    audit_record::audit_record,
    cancel_order::cancel_order,
    dead_letters,
    decide_review::decide_review,
    desk::Desk,
    flow::{flow, flow_events},
    label_order::label_order,
    list_orders::list_orders,
    meters::REQUESTS,
    models,
    order_events::order_events,
    page, problem_kind,
    reviews::reviews,
    show_order::show_order,
};

/// All routes.
pub fn routes(desk: Arc<Desk>) -> Router {
    let outermost = Outermost { clock: desk.clock.clone(), requests: REQUESTS };
    let routes = Router::new()
        .route("/", get(index))
        .route("/orders", get(list_orders))
        .route("/orders/{id}", get(show_order))
        .route("/orders/{id}/events", get(order_events))
        .route("/orders/{id}/audit", get(audit_record))
        .route("/orders/{id}/cancel", post(cancel_order))
        .route("/orders/{id}/label", post(label_order))
        .route("/reviews", get(reviews))
        .route("/reviews/{order_id}", post(decide_review))
        .route("/flow", get(flow))
        .route("/flow/events", get(flow_events))
        .route("/openapi.json", get(openapi))
        .merge(dead_letters::routes())
        .merge(models::routes())
        .merge(page::routes());
    served(routes, problem_kind::ALL, outermost).with_state(desk)
}

/// All of it as OpenAPI 3.1.
async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], include_str!("../openapi.json"))
}

async fn index(headers: HeaderMap) -> Response {
    if page::is_wanted(&headers) {
        return Redirect::to(page::PAGE).into_response();
    }
    let index = json!({
        "service": "order-status",
        "what": "where each order stands and how it got there; takes cancels, reviews and labels",
        "links": {
            "one order": "/orders/{id}?wait=accepted|final&timeout=30s",
            "its events as they come": "/orders/{id}/events",
            "its audit record (staff)": "/orders/{id}/audit",
            "cancel it": "POST /orders/{id}/cancel",
            "orders (staff)": "/orders?customer=…&state=…&from=…&to=…&limit=…&cursor=…",
            "label it (staff)": "POST /orders/{id}/label",
            "orders held for review (staff)": "/reviews",
            "decide (staff)": "POST /reviews/{order_id}",
            "the flow as it is now (staff)": "/flow",
            "the same as it changes (staff)": "/flow/events",
            "dead letters (staff)": "/dead-letters?group=…&code=…&older=…&limit=…&cursor=…",
            "models (staff)": "/models",
            "all of it, for programs": "/openapi.json",
            "problems": "/problems",
            "the control tower, for people": page::PAGE,
        },
    });
    ([(VARY, "accept")], Json(index)).into_response()
}
