//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::{get, post},
};
use orderflow::http::{Outermost, served};
use serde_json::{Value, json};

use crate::{
    announcement::EVENTS,
    change::{change, delete},
    desk::Desk,
    list::{list, show},
    meters::REQUESTS,
    problem_kind,
    subscribe::subscribe,
};

/// All routes.
pub fn routes(desk: Arc<Desk>) -> Router {
    let outermost = Outermost { clock: desk.clock.clone(), requests: REQUESTS };
    let routes = Router::new()
        .route("/", get(index))
        .route("/events", get(events))
        .route("/subscriptions", get(list).post(subscribe))
        .route("/subscriptions/{id}", get(show).delete(delete))
        .route("/subscriptions/{id}/{change}", post(change))
        .route("/openapi.json", get(openapi));
    served(routes, problem_kind::ALL, outermost).with_state(desk)
}

/// All of it as OpenAPI 3.1.
async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], include_str!("../openapi.json"))
}

async fn index() -> Json<Value> {
    Json(json!({
        "service": "notifications",
        "what": "tells merchants by webhooks, and customers by e-mail, what becomes of orders",
        "links": {
            "what can be told": "/events",
            "subscriptions (staff)": "/subscriptions",
            "subscribe (staff)": "POST /subscriptions",
            "one, and what waits for it (staff)": "/subscriptions/{id}",
            "change it (staff)": "POST /subscriptions/{id}/enable, /disable, /rotate, /test",
            "end it (staff)": "DELETE /subscriptions/{id}",
            "all of it, for programs": "/openapi.json",
            "problems": "/problems",
        },
    }))
}

async fn events() -> Json<Value> {
    let events = EVENTS.map(|(name, meaning)| json!({ "name": name, "meaning": meaning }));
    Json(json!({ "events": events }))
}

#[cfg(test)]
mod tests;
