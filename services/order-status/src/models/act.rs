//! `POST /models/{model}/…`: which version serves, each told to `models`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
    http::StatusCode,
};
use orderflow::http::{Mistakes, Problem, body, kind::INVALID_FIELDS};
use orderflow_versions::{Changed, Gate, MODEL, Wish, carry_out, known::state_json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem;
use crate::{
    cancel_order::words,
    decide_review::{MAX_REASON, who},
    desk::{Desk, MAX_BODY},
    problem_kind::UNKNOWN_MODEL,
};

/// Accepted, and what it has led to.
type Done = Result<(StatusCode, Json<Value>), Problem>;

/// What is to be done, by whom and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Which version; of a shadow none to end what is tried.
    #[serde(default)]
    version: Option<String>,
    /// Of a canary: for which share of the customers.
    #[serde(default)]
    share: Option<f64>,
    /// Of a promotion: also if the version does not pass the gate.
    #[serde(default)]
    force: bool,
    /// Who does it; a token's subject goes before it.
    #[serde(default)]
    by: Option<String>,
    reason: String,
}

/// What a route makes of the body.
type Meaning = fn(Asked, &mut Mistakes) -> Wish;

/// Handles `POST /models/{model}/shadow`.
///
/// # Errors
/// As [`act`].
pub async fn shadow(desk: State<Arc<Desk>>, model: Path<String>, request: Request) -> Done {
    act(desk, model, request, |asked, _| Wish::Shadow(asked.version)).await
}

/// Handles `POST /models/{model}/canary`.
///
/// # Errors
/// As [`act`].
pub async fn canary(desk: State<Arc<Desk>>, model: Path<String>, request: Request) -> Done {
    let meaning: Meaning = |asked, mistakes| {
        let share = asked.share.unwrap_or_default();
        mistakes.expect(share > 0.0 && share <= 1.0, "/share", "malformed", "above 0, at most 1");
        Wish::Canary { version: version(asked, mistakes), share }
    };
    act(desk, model, request, meaning).await
}

/// Handles `POST /models/{model}/promote`.
///
/// # Errors
/// As [`act`]; 409 for a version that does not pass the gate.
pub async fn promote(desk: State<Arc<Desk>>, model: Path<String>, request: Request) -> Done {
    let meaning: Meaning = |asked, mistakes| {
        let force = asked.force;
        Wish::Promote { version: version(asked, mistakes), force, gate: Gate::default() }
    };
    act(desk, model, request, meaning).await
}

/// Handles `POST /models/{model}/rollback`.
///
/// # Errors
/// As [`act`].
pub async fn rollback(desk: State<Arc<Desk>>, model: Path<String>, request: Request) -> Done {
    act(desk, model, request, |_, _| Wish::RollBack).await
}

/// Handles `POST /models/{model}/off`.
///
/// # Errors
/// As [`act`].
pub async fn off(desk: State<Arc<Desk>>, model: Path<String>, request: Request) -> Done {
    act(desk, model, request, |_, _| Wish::Switch { on: false }).await
}

/// Handles `POST /models/{model}/on`.
///
/// # Errors
/// As [`act`].
pub async fn on(desk: State<Arc<Desk>>, model: Path<String>, request: Request) -> Done {
    act(desk, model, request, |_, _| Wish::Switch { on: true }).await
}

/// Carries it out.
///
/// # Errors
/// 403 unless the caller is staff; 404 for another model, or a version that is not published; 409 for what cannot be, or
/// is so already; a problem for whatever is wrong with the body.
async fn act(
    State(desk): State<Arc<Desk>>,
    Path(model): Path<String>,
    request: Request,
    meaning: Meaning,
) -> Done {
    let _place = desk.in_flight.enter()?;
    let caller = desk.staff(&request)?;
    if model != MODEL {
        return Err(Problem::new(&UNKNOWN_MODEL, "no model of this name has versions"));
    }
    let asked: Asked = body::json(request, MAX_BODY).await?;
    let mut mistakes = Mistakes::new();
    let by = who(&caller, asked.by.as_deref(), "/by", &mut mistakes);
    let reason = asked.reason.trim().to_owned();
    words(&reason, 1..=MAX_REASON, "/reason", &mut mistakes);
    let wish = meaning(asked, &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    let asked = orderflow_versions::Asked { by, reason, at: desk.clock.now() };
    let Changed { event_id, state } = carry_out(&desk.letters, &wish, &asked).await.map_err(problem)?;
    tracing::info!(model, revision = state.revision, "which version serves was changed");
    let answer = json!({ "event_id": event_id, "status": "changed", "state": state_json(&state) });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

fn version(asked: Asked, mistakes: &mut Mistakes) -> String {
    let named = asked.version.unwrap_or_default();
    words(&named, 1..=100, "/version", mistakes);
    named
}
