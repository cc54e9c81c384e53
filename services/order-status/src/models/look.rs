//! `GET /models`: which versions there are, which of them serve, and how the one that is tried does.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use axum::{
    Json,
    extract::{Request, State},
};
use orderflow::{
    events::{ModelState, ModelVersion},
    http::Problem,
};
use orderflow_letters::Access;
use orderflow_versions::{Gate, Known, MODEL, Numbers};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::problem;
use crate::desk::Desk;

/// For so long a report serves whoever asks: it reads every score of the version.
const FRESH: Duration = Duration::from_secs(60);

/// The newest report, of one version.
#[derive(Default)]
pub struct Reports(Mutex<Option<(String, Instant, Value)>>);

impl Reports {
    /// How a version that is tried compares with what decides, by its scores, and what the gate says to it. Made once a
    /// minute at most, whoever looks.
    async fn of(&self, access: &Access, version: &str) -> Result<Value> {
        let mut kept = self.0.lock().await;
        if let Some((of, at, report)) = kept.as_ref()
            && of == version
            && at.elapsed() < FRESH
        {
            return Ok(report.clone());
        }
        let numbers = Numbers::of_scores(access, version).await?;
        let report =
            json!({ "version": version, "numbers": numbers, "gate": Gate::default().judge(&numbers) });
        *kept = Some((version.to_owned(), Instant::now(), report.clone()));
        Ok(report)
    }
}

/// Handles `GET /models`.
///
/// # Errors
/// 403 unless the caller is staff; 503 when Kafka or the registry does not answer.
pub async fn list(State(desk): State<Arc<Desk>>, request: Request) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let known = Known::read(&desk.letters).await.map_err(problem)?;
    let mut model = told(&known);
    if let Some(candidate) = &known.state.candidate {
        model["report"] = desk.reports.of(&desk.letters, &candidate.version).await.map_err(problem)?;
    }
    Ok(Json(json!({ "models": [model] })))
}

/// All but the report. A live version of `null` is the one the service is set up with.
fn told(known: &Known) -> Value {
    let state = &known.state;
    let name = |version: &Option<ModelVersion>| version.as_ref().map(|version| version.version.clone());
    let candidate = |mode| state.candidate.as_ref().filter(|_| state.mode == mode);
    let drift = state.live.as_ref().and_then(|live| known.drift.get(&live.version));
    // What the service is set up with has a version, too, which only its drift names.
    let drift = drift.or_else(|| {
        known.drift.values().max_by_key(|drift| drift.detected_at).filter(|_| state.live.is_none())
    });
    let versions = known.published.iter().map(|one| {
        json!({ "version": one.version.version, "published_at": one.published_at,
            "sha256": one.version.manifest_sha256, "state": known.does(&one.version) })
    });
    json!({
        "model": MODEL,
        "live": { "version": name(&state.live), "since": known.live_since, "engine": null },
        "previous": name(&state.previous).filter(|_| state.can_roll_back),
        "can_roll_back": state.can_roll_back,
        "shadow": candidate("shadow").map(|version| json!({ "version": version.version })),
        "canary": candidate("canary").map(|version| json!({ "version": version.version, "share": state.share })),
        "off": !state.on,
        "changed": changed(state),
        "versions": versions.collect::<Vec<_>>(),
        "drift": drift,
        "report": null,
    })
}

/// Who has changed it last, and why.
fn changed(state: &ModelState) -> Value {
    match state.revision {
        0 => Value::Null,
        _ => json!({ "by": state.changed_by, "reason": state.reason, "at": state.changed_at }),
    }
}
