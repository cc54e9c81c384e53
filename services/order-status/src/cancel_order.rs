//! `POST /orders/{id}/cancel`: asks to cancel an order. Whoever holds its fate at that moment decides: fraud-scoring
//! while it is held, payment until it charges, shipping until it buys the label.

use std::{ops::RangeInclusive, sync::Arc};

use axum::{
    Json,
    extract::{Extension, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use orderflow::{
    envelope::ids,
    events::OrderCancelRequested,
    http::{Correlation, Mistakes, Problem, kind::INVALID_FIELDS},
    order_state,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    asked::{Asked, Command},
    decide_review::MAX_REASON,
    desk::Desk,
    order::{Order, names},
    problem_kind::ORDER_FINISHED,
};

/// What a caller sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Why; may be empty.
    #[serde(default)]
    reason: String,
}

impl Command for Cancel {
    /// Whoever knows an order's id may.
    const STAFF_ONLY: bool = false;
}

/// Handles `POST /orders/{id}/cancel`.
///
/// # Errors
/// 404 for an unknown order; 409 with the final state for a finished one; a problem for whatever is wrong with the body.
pub async fn cancel_order(
    State(desk): State<Arc<Desk>>,
    Extension(correlation): Extension<Correlation>,
    asked: Asked<Cancel>,
) -> Result<Response, Problem> {
    let (order_id, reason) = (asked.order_id, asked.command.reason.trim().to_owned());
    let mut mistakes = Mistakes::new();
    words(&reason, 0..=MAX_REASON, "/reason", &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    let order = desk.order(order_id).await?;
    let event_id = ids::of_root(&order_id.to_string(), "cancel");
    if is_new(&order)? {
        let requested_by = asked.caller.name().to_owned();
        let event = OrderCancelRequested { order_id, reason, requested_by, requested_at: desk.clock.now() };
        desk.commands.cancel(event_id, &event, &correlation).await?;
        tracing::info!(%order_id, correlation_id = correlation.id, "cancel requested");
    }
    Ok(accepted(order_id, &json!({ "order_id": order_id, "event_id": event_id, "status": "requested" })))
}

/// Whether the request has to go on the log; a repeat of one that is there, and has not failed, does not.
fn is_new(order: &Order) -> Result<bool, Problem> {
    let state = order.state();
    match (order.cancel_requested(), state.is_final()) {
        (asked, false) => Ok(!asked),
        (true, true) if state == order_state::State::Cancelled => Ok(false),
        (_, true) => {
            let (state, _) = names(state);
            let detail = format!("nothing can be cancelled any more: the order is {state}");
            Err(Problem::new(&ORDER_FINISHED, detail).with("state", state))
        }
    }
}

/// 202 with where to see what becomes of it.
pub fn accepted(order_id: Uuid, answer: &Value) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(answer)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/orders/{order_id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Checks a caller's own words.
pub fn words(text: &str, length: RangeInclusive<usize>, field: &str, mistakes: &mut Mistakes) {
    let fits = length.contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let expected = format!("{} to {} characters, no control characters", length.start(), length.end());
    mistakes.expect(fits, field, if text.is_empty() { "missing" } else { "malformed" }, &expected);
}
