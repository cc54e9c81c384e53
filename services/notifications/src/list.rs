//! `GET /subscriptions` and `GET /subscriptions/{id}`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
};
use orderflow::{
    events::{WEBHOOK, lane},
    http::Problem,
};
use serde_json::{Value, json};

use crate::desk::{Desk, shown};

/// Handles `GET /subscriptions`.
///
/// # Errors
/// 403 unless the caller is staff.
pub async fn list(State(desk): State<Arc<Desk>>, request: Request) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let now = desk.clock.now();
    let all: Vec<Value> = desk.subscriptions.all().iter().map(|one| shown(one, now)).collect();
    Ok(Json(json!({ "subscriptions": all })))
}

/// Handles `GET /subscriptions/{id}`: with what waits for its endpoint.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an unknown one; 503 when Redis does not answer.
pub async fn show(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let subscription = desk.subscription(&id)?;
    let mut answer = shown(&subscription, desk.clock.now());
    if subscription.channel == WEBHOOK {
        let standing = desk.queue.look(&[lane(subscription.subscription_id, WEBHOOK, "")]).await?;
        answer["queue"] = json!(standing.first());
    }
    Ok(Json(answer))
}
