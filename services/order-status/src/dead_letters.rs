//! Dead letters over HTTP: what `orderflow dlq` does, for the web page. For staff. What is done is in `orderflow_letters`.

mod act;
mod look;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use orderflow::{
    http::{Problem, kind::UNAVAILABLE},
    topics::GroupTopics,
};
use orderflow_letters::{Letter, Refusal, Which, shelf};

use crate::{
    desk::Desk,
    problem_kind::{NOT_DISCARDED, UNKNOWN_LETTER},
};

/// The routes.
pub fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/dead-letters", get(look::list))
        .route("/dead-letters/stats", get(look::stats))
        .route("/dead-letters/{group}/{letter}", get(look::show))
        .route("/dead-letters/{group}/redrive", post(act::redrive))
        .route("/dead-letters/{group}/park", post(act::park))
        .route("/dead-letters/{group}/discard", post(act::discard))
        .route("/dead-letters/{group}/edit", post(act::edit))
}

/// A group in a path.
fn group(name: &str) -> Result<&str, Problem> {
    let known = GroupTopics::of(name).map(|_| name);
    known.ok_or_else(|| Problem::new(&UNKNOWN_LETTER, "no service with a group of its own has this name"))
}

/// A letter in a path or a body.
fn which(text: &str) -> Result<Which, Problem> {
    Which::parse(text).map_err(|why| Problem::new(&UNKNOWN_LETTER, why))
}

/// Every letter of a group.
async fn letters(desk: &Desk, group: &str) -> Result<Vec<Letter>, Problem> {
    shelf::letters(&desk.letters, group).await.map_err(problem)
}

/// What went wrong, for the caller.
fn problem(error: anyhow::Error) -> Problem {
    match error.downcast_ref::<Refusal>() {
        Some(Refusal::Unknown(words)) => Problem::new(&UNKNOWN_LETTER, words.clone()),
        Some(Refusal::Kept(words)) => Problem::new(&NOT_DISCARDED, words.clone()),
        None => {
            tracing::warn!(error = format!("{error:#}"), "dead letters cannot be had");
            Problem::new(&UNAVAILABLE, "Kafka or the schema registry does not answer: try again")
        }
    }
}
