//! `POST /subscriptions/{id}/{enable,disable,rotate,test}` and `DELETE /subscriptions/{id}`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use orderflow::{
    events::{NotificationDue, Subscription, WEBHOOK},
    http::{Correlation, Problem, callers::Caller, kind::NOT_FOUND, random_id},
};
use serde_json::json;

use crate::{
    announcement::{Body, TEST},
    desk::{Desk, shown},
    problem_kind::{NOT_A_WEBHOOK, NOT_ENABLED},
};

/// Handles `DELETE /subscriptions/{id}`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an unknown one.
pub async fn delete(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let _place = desk.in_flight.enter()?;
    let caller = desk.staff(&request)?;
    let subscription = desk.subscription(&id)?;
    desk.end(subscription.subscription_id).await?;
    tracing::info!(subscription_id = %subscription.subscription_id, by = caller.name(), "unsubscribed");
    Ok(StatusCode::NO_CONTENT)
}

/// Handles `POST /subscriptions/{id}/{change}`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an unknown subscription or change; 409 for one that has no endpoint, or is not
/// told anything now.
pub async fn change(
    State(desk): State<Arc<Desk>>,
    Path((id, change)): Path<(String, String)>,
    Extension(correlation): Extension<Correlation>,
    request: Request,
) -> Result<Response, Problem> {
    let _place = desk.in_flight.enter()?;
    let caller = desk.staff(&request)?;
    let known = desk.subscription(&id)?;
    tracing::info!(subscription_id = %known.subscription_id, change, by = caller.name(), "subscription changes");
    match change.as_str() {
        "enable" => switch(&desk, known, Subscription::ENABLED, &caller, &correlation).await,
        "disable" => switch(&desk, known, Subscription::DISABLED, &caller, &correlation).await,
        "rotate" => rotate(&desk, known, &caller, &correlation).await,
        "test" => test(&desk, &known, &correlation).await,
        _ => Err(Problem::new(&NOT_FOUND, "see / for what there is")),
    }
}

/// Enables or disables it. Also one that is enabled is enabled anew: what has failed of it so far counts no longer.
async fn switch(
    desk: &Desk,
    known: Subscription,
    status: &str,
    caller: &Caller,
    correlation: &Correlation,
) -> Result<Response, Problem> {
    let next = Subscription { status: status.to_owned(), ..revised(desk, known, caller) };
    desk.keep(&next, correlation).await?;
    Ok(Json(shown(&next, desk.clock.now())).into_response())
}

/// Gives it another signing secret; the one before signs beside it for a while.
async fn rotate(
    desk: &Desk,
    known: Subscription,
    caller: &Caller,
    correlation: &Correlation,
) -> Result<Response, Problem> {
    require_webhook(&known)?;
    let (sealed, secret) = desk.secrets.make(known.subscription_id)?;
    let mut next = revised(desk, known, caller);
    next.secrets.truncate(1);
    for old in &mut next.secrets {
        old.expires_at = Some(next.changed_at + desk.overlap);
    }
    next.secrets.insert(0, sealed);
    desk.keep(&next, correlation).await?;
    let mut answer = shown(&next, desk.clock.now());
    answer["secret"] = json!(secret.text().as_str());
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Sends it something of no meaning, in its order among all else.
async fn test(desk: &Desk, known: &Subscription, correlation: &Correlation) -> Result<Response, Problem> {
    require_webhook(known)?;
    if known.status != Subscription::ENABLED {
        return Err(Problem::new(&NOT_ENABLED, "enable it first"));
    }
    let now = desk.clock.now();
    let data = json!({ "subscription_id": known.subscription_id });
    let due = NotificationDue {
        subscription_id: known.subscription_id,
        revision: known.revision,
        channel: known.channel.clone(),
        event_id: random_id(now),
        event_type: TEST.to_owned(),
        order_id: String::new(),
        customer_id: String::new(),
        sealed: None,
        body: Body { name: TEST, timestamp: now, data }.text(),
        replay: String::new(),
        happened_at: now,
    };
    desk.notify(&due, correlation).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "event_id": due.event_id, "status": "queued" }))).into_response())
}

fn require_webhook(known: &Subscription) -> Result<(), Problem> {
    if known.channel == WEBHOOK {
        return Ok(());
    }
    Err(Problem::new(&NOT_A_WEBHOOK, "this subscription is told by e-mail"))
}

/// The next revision, so far without a change.
fn revised(desk: &Desk, known: Subscription, caller: &Caller) -> Subscription {
    Subscription {
        revision: known.revision + 1,
        changed_by: caller.name().to_owned(),
        changed_at: desk.clock.now(),
        ..known
    }
}
