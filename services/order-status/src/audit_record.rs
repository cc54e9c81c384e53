//! `GET /orders/{id}/audit`: an order's timeline as a record to keep: every line, with where the log has it, and a digest
//! over all of them. For staff.

use std::sync::Arc;

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::header::CONTENT_DISPOSITION,
    response::IntoResponse,
};
use jiff::Timestamp;
use orderflow::http::{Problem, kind::UNAVAILABLE};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    desk::{Desk, order_id},
    line::{Line, Reader},
    order::names,
    staff,
};

/// What is kept of an order for whoever has to show how it came about.
#[derive(Debug, Serialize)]
pub struct AuditRecord {
    /// The order.
    pub order_id: Uuid,
    /// Its state, as it was when this was made.
    pub state: String,
    /// The step of an order on its way.
    pub step: Option<String>,
    /// When this was made.
    pub made_at: Timestamp,
    /// By which version of what.
    pub made_by: String,
    /// Every line.
    pub timeline: Vec<Line>,
    /// SHA-256, in hexadecimal, over `timeline` as canonical JSON (RFC 8785).
    pub sha256: String,
}

impl AuditRecord {
    /// Of these lines.
    ///
    /// # Errors
    /// When a line is no JSON, which none can be.
    pub fn new(
        order_id: Uuid,
        (state, step): (&str, Option<&str>),
        timeline: Vec<Line>,
        made_at: Timestamp,
        maker: &str,
    ) -> Result<Self> {
        let canonical = serde_json_canonicalizer::to_vec(&timeline).context("a timeline is no JSON")?;
        Ok(Self {
            order_id,
            state: state.to_owned(),
            step: step.map(str::to_owned),
            made_at,
            made_by: format!("{maker} {}", env!("CARGO_PKG_VERSION")),
            timeline,
            sha256: hex(digest(&SHA256, &canonical).as_ref()),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Handles `GET /orders/{id}/audit`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an order that is not there as of the request; 503 when the log cannot be read.
pub async fn audit_record(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let order = desk.order(order_id(&id)?).await?;
    let mut lines = order.lines(Reader::Staff);
    let unavailable = |error: anyhow::Error| {
        tracing::warn!(order_id = %order.id, error = format!("{error:#}"), "an order's records cannot be read");
        Problem::new(&UNAVAILABLE, "Kafka or the schema registry does not answer: try again")
    };
    staff::fill_in(&mut lines, desk.records.as_ref()).await.map_err(unavailable)?;
    let (state, now) = (names(order.state()), desk.clock.now());
    let record = AuditRecord::new(order.id, state, lines, now, "order-status").map_err(unavailable)?;
    let name = format!("attachment; filename=\"order-{}.json\"", order.id);
    Ok(([(CONTENT_DISPOSITION, name)], Json(record)))
}
