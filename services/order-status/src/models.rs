//! The fraud model's versions over HTTP: what `orderflow models` does, for the web page. For staff. What is done is in
//! `orderflow_versions`.

mod act;
mod look;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use orderflow::http::{Problem, kind::UNAVAILABLE};
use orderflow_versions::Refusal;
use serde_json::json;

pub use look::Reports;

use crate::{
    desk::Desk,
    problem_kind::{MODEL_STAYS, PROMOTION_REFUSED, UNKNOWN_MODEL},
};

/// The routes.
pub fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/models", get(look::list))
        .route("/models/{model}/shadow", post(act::shadow))
        .route("/models/{model}/canary", post(act::canary))
        .route("/models/{model}/promote", post(act::promote))
        .route("/models/{model}/rollback", post(act::rollback))
        .route("/models/{model}/off", post(act::off))
        .route("/models/{model}/on", post(act::on))
}

/// What went wrong, for the caller.
fn problem(error: anyhow::Error) -> Problem {
    match error.downcast_ref::<Refusal>() {
        Some(refusal @ Refusal::Unknown(_)) => Problem::new(&UNKNOWN_MODEL, refusal.to_string()),
        Some(Refusal::Stays(why)) => Problem::new(&MODEL_STAYS, why.clone()),
        Some(Refusal::Gate { version, judgement }) => {
            let failed = judgement.lines.iter().filter(|line| !line.passed);
            let reasons = failed.map(|line| format!("{}: {}, wanted {}", line.what, line.found, line.wanted));
            let detail = format!("version {version} does not pass the gate: see `reasons`, or force it");
            Problem::new(&PROMOTION_REFUSED, detail).with("reasons", json!(reasons.collect::<Vec<_>>()))
        }
        None => {
            tracing::warn!(error = format!("{error:#}"), "the model's versions cannot be had");
            Problem::new(
                &UNAVAILABLE,
                "Kafka or the schema registry does not answer: see GET /models, and try again",
            )
        }
    }
}
