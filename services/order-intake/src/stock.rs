//! `POST /stock/adjustments`: an operator asks inventory to change what is on the shelf.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Extension, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use orderflow::{
    envelope::ids,
    events::{Record, StockAdjustmentRequested},
    http::{Correlation, Mistakes, Problem, body, kind::INVALID_FIELDS, operator::OPERATOR},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    accept::{Accepted, Draft},
    catalogue::Catalogue,
    claims::{Claim, Served, remaining},
    idempotency::{IdempotencyKey, claim_name},
    intake::Intake,
    limits::MAX_BODY,
    network::{Place, subscriber},
    place_order::SOURCE,
    problem_kind::KEY_MISSING,
    request::request_hash,
};

/// Most units one adjustment adds or takes away.
const MAX_DELTA: i64 = 1_000_000;

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Adjust {
    /// What to adjust.
    pub sku: String,
    /// Units to add, or to take away when negative.
    pub delta: i64,
    /// `receipt` or `correction`.
    pub kind: String,
    /// For whoever reads the ledger.
    pub reason: String,
}

/// The body of the 202.
#[derive(Serialize)]
struct Answer<'a> {
    event_id: Uuid,
    status: &'static str,
    sku: &'a str,
    delta: i64,
    kind: &'a str,
    requested_at: Timestamp,
}

/// Handles `POST /stock/adjustments`.
///
/// # Errors
/// A problem for whatever is wrong with the request, or with the world.
pub async fn adjust_stock(
    State(intake): State<Arc<Intake>>,
    Extension(correlation): Extension<Correlation>,
    Extension(place): Extension<Place>,
    request: Request,
) -> Result<Response, Problem> {
    intake.rate.check(&place.ip.map(subscriber))?;
    intake.operators.require(request.headers(), place.peer)?;
    let key = IdempotencyKey::read(request.headers())?.ok_or_else(|| {
        Problem::new(&KEY_MISSING, "send an Idempotency-Key, so that a repeat does not count twice")
    })?;
    let adjust: Adjust = body::json(request, MAX_BODY).await?;
    let event_id = ids::from_parts(&[OPERATOR, StockAdjustmentRequested::NAME, key.as_str()]);
    let claim = claim(event_id, &adjust);
    let draft = async { draft(&intake, &adjust, event_id, &correlation) };
    let accepted = intake.acceptor.keyed(&claim, draft).await?;
    tracing::info!(
        sku = adjust.sku,
        delta = adjust.delta,
        correlation_id = correlation.id,
        "stock adjustment requested"
    );
    Ok(answered(accepted))
}

/// By the event's id, which the key makes: so the log tells which claims there were.
fn claim(event_id: Uuid, adjust: &Adjust) -> Claim {
    let request_hash = request_hash(adjust);
    Claim { name: claim_name(OPERATOR, &event_id.to_string(), &request_hash), request_hash }
}

/// The claim an adjustment is the answer to, while its key is remembered.
pub fn served(event_id: Uuid, event: StockAdjustmentRequested, now: Timestamp) -> Option<Served> {
    let (life, answer) = (remaining(event.requested_at, now)?, answer(event_id, &event));
    let StockAdjustmentRequested { sku, delta, kind, reason, .. } = event;
    Some(Served { claim: claim(event_id, &Adjust { sku, delta, kind, reason }), answer, life })
}

fn draft(
    intake: &Intake,
    adjust: &Adjust,
    event_id: Uuid,
    correlation: &Correlation,
) -> Result<Draft, Problem> {
    let mut mistakes = Mistakes::new();
    check(adjust, &intake.catalogue, &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    let event = StockAdjustmentRequested {
        sku: adjust.sku.clone(),
        delta: adjust.delta,
        kind: adjust.kind.clone(),
        reason: adjust.reason.clone(),
        requested_by: OPERATOR.to_owned(),
        requested_at: intake.clock.now(),
    };
    let record = intake.acceptor.outbox.adjustment(&event, correlation.root(event_id, SOURCE))?;
    Ok(Draft { record, answer: answer(event_id, &event) })
}

/// What an adjustment must look like. Pure.
fn check(adjust: &Adjust, catalogue: &Catalogue, mistakes: &mut Mistakes) {
    let known = catalogue.product(&adjust.sku).is_some();
    mistakes.expect(known, "/sku", "unknown", "the catalogue has no such SKU: see GET /catalogue");
    let delta = adjust.delta != 0 && (-MAX_DELTA..=MAX_DELTA).contains(&adjust.delta);
    mistakes.expect(delta, "/delta", "out_of_range", "-1000000 to 1000000 units, and not 0");
    match adjust.kind.as_str() {
        "receipt" => mistakes.expect(adjust.delta >= 0, "/delta", "out_of_range", "a receipt adds units"),
        "correction" => {}
        _ => mistakes.add("/kind", "unknown", "receipt or correction"),
    }
    let reason = adjust.reason.trim();
    let readable = (1..=200).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
    mistakes.expect(readable, "/reason", "malformed", "1 to 200 characters, no control characters");
}

fn answer(event_id: Uuid, event: &StockAdjustmentRequested) -> Vec<u8> {
    let StockAdjustmentRequested { sku, delta, kind, requested_at, .. } = event;
    let (delta, requested_at) = (*delta, *requested_at);
    let answer = Answer { event_id, status: "requested", sku, delta, kind, requested_at };
    serde_json::to_vec(&answer).unwrap_or_default() // plain text and numbers always serialise
}

fn answered(accepted: Accepted) -> Response {
    let mut response = (StatusCode::ACCEPTED, Body::from(accepted.answer)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if accepted.replayed {
        let replayed = HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
    }
    response
}
