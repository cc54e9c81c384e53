//! `GET /recommendations/{customer_id}`: what to show to a customer now.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query as Pairs, Request, State},
};
use jiff::Timestamp;
use orderflow::{
    events::RecommendedItem,
    http::{
        Problem,
        callers::{Caller, Callers},
    },
};
use serde::Serialize;

use crate::{
    desk::Desk,
    ranking::{MODEL_VERSION, rank},
};

/// The answer.
#[derive(Debug, Serialize)]
pub struct Recommendations {
    customer_id: String,
    /// `personal`, or `popularity` where nothing is known that points at anything.
    basis: &'static str,
    items: Vec<RecommendedItem>,
    model_version: &'static str,
    as_of: Timestamp,
}

/// Handles `GET /recommendations/{customer_id}`.
///
/// # Errors
/// 403 unless the caller is staff or the customer; 400 for parameters that cannot be meant.
pub async fn recommend(
    State(desk): State<Arc<Desk>>,
    Path(customer_id): Path<String>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    request: Request,
) -> Result<Json<Recommendations>, Problem> {
    let _place = desk.in_flight.enter()?;
    admit(&desk.callers, &request, &customer_id, desk.clock.now())?;
    let limit = desk.limit(pairs)?;
    let (context, relations) = desk.associations.of_customer(&customer_id).await?;
    let (as_of, unit) = desk.now();
    let ranked = rank(&context, &relations, unit, limit);
    let basis = ranked.basis();
    Ok(Json(Recommendations { customer_id, basis, items: ranked.items, model_version: MODEL_VERSION, as_of }))
}

/// What is recommended tells what was bought: staff may see it, and whoever shows a token of this very customer.
fn admit(callers: &Callers, request: &Request, customer_id: &str, now: Timestamp) -> Result<(), Problem> {
    match callers.caller(request.headers(), request.extensions(), now)? {
        Caller::Customer(principal) if principal.as_str() == customer_id => Ok(()),
        caller => callers.require_staff(&caller),
    }
}
