//! `POST /reviews/{order_id}`: passes a person's decision about a held order on. fraud-scoring takes it: the first
//! decision on the log counts.

use std::sync::Arc;

use axum::{
    extract::{Extension, State},
    response::Response,
};
use orderflow::{
    envelope::ids,
    events::ReviewDecided,
    http::{Correlation, Mistakes, Problem, callers::Caller, kind::INVALID_FIELDS},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    asked::{Asked, Command},
    cancel_order::{accepted, words},
    desk::Desk,
    order::{Decision, Order, names},
    problem_kind::{ALREADY_DECIDED, NOT_UNDER_REVIEW},
};

/// Most characters of a reviewer's name and of a reason.
const MAX_NAME: usize = 100;
pub const MAX_REASON: usize = 500;

/// What a reviewer sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// `approve` or `reject`.
    decision: String,
    /// Who decides; a token's subject goes before it.
    #[serde(default)]
    reviewer: Option<String>,
    /// Why.
    reason: String,
}

impl Command for Decide {
    const STAFF_ONLY: bool = true;
}

/// Handles `POST /reviews/{order_id}`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an unknown order; 409 for one that is not held or decided already; a problem
/// for whatever is wrong with the body.
pub async fn decide_review(
    State(desk): State<Arc<Desk>>,
    Extension(correlation): Extension<Correlation>,
    asked: Asked<Decide>,
) -> Result<Response, Problem> {
    let order_id = asked.order_id;
    let event = decided(&desk, &asked)?;
    let order = desk.order(order_id).await?;
    let event_id = ids::from_parts(&[&order_id.to_string(), &event.reviewer, &event.decision]);
    if is_new(&order, &event)? {
        desk.commands.review(event_id, &event, &correlation).await?;
        tracing::info!(%order_id, decision = event.decision, correlation_id = correlation.id, "review decided");
    }
    let answer = json!({
        "order_id": order_id,
        "event_id": event_id,
        "status": "requested",
        "decision": event.decision,
        "reviewer": event.reviewer,
    });
    Ok(accepted(order_id, &answer))
}

/// The event of a valid request; all mistakes of any other.
fn decided(desk: &Desk, asked: &Asked<Decide>) -> Result<ReviewDecided, Problem> {
    let Asked { caller, order_id, command: Decide { decision, reviewer, reason }, .. } = asked;
    let mut mistakes = Mistakes::new();
    let known = ["approve", "reject"].contains(&decision.as_str());
    mistakes.expect(known, "/decision", "unknown", "approve or reject");
    let reviewer = who(caller, reviewer.as_deref(), "/reviewer", &mut mistakes);
    let reason = reason.trim().to_owned();
    words(&reason, 1..=MAX_REASON, "/reason", &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    let (order_id, decision, decided_at) = (*order_id, decision.clone(), desk.clock.now());
    Ok(ReviewDecided { order_id, decision, reviewer, reason, decided_at })
}

/// Who says so: a token's subject, else whoever the body names in this field.
pub fn who(caller: &Caller, named: Option<&str>, field: &'static str, mistakes: &mut Mistakes) -> String {
    match caller {
        Caller::Staff(principal) => principal.as_str().to_owned(),
        Caller::Operator | Caller::Customer(_) | Caller::Anonymous => {
            let named = named.map(str::trim).unwrap_or_default();
            words(named, 1..=MAX_NAME, field, mistakes);
            named.to_owned()
        }
    }
}

/// Whether the decision has to go on the log; a repeat of the one that counts does not.
fn is_new(order: &Order, event: &ReviewDecided) -> Result<bool, Problem> {
    if !order.was_held() {
        let (state, step) = names(order.state());
        let detail = "nobody has to decide about this order, or not yet: see GET /reviews";
        return Err(Problem::new(&NOT_UNDER_REVIEW, detail).with("state", state).with("step", step));
    }
    match order.decision() {
        None => Ok(true),
        Some(Decision { decision, reviewer, .. })
            if decision == event.decision && reviewer.as_ref() == Some(&event.reviewer) =>
        {
            Ok(false)
        }
        Some(first) => {
            let detail = "the first decision counts: see `decision`";
            Err(Problem::new(&ALREADY_DECIDED, detail).with("decision", json!(first)))
        }
    }
}
