//! `GET /products/{sku}/related`: what goes with a product.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query as Pairs, State},
};
use jiff::Timestamp;
use orderflow::{events::RecommendedItem, http::Problem};
use serde::Serialize;

use crate::{
    desk::Desk,
    ranking::{self, MODEL_VERSION},
};

/// The answer.
#[derive(Debug, Serialize)]
pub struct Related {
    sku: String,
    /// None where nothing is known of the product; this service has no catalogue, so it may not exist either.
    items: Vec<RecommendedItem>,
    model_version: &'static str,
    as_of: Timestamp,
}

/// Handles `GET /products/{sku}/related`. For anybody: it tells of nobody in particular.
///
/// # Errors
/// 400 for parameters that cannot be meant.
pub async fn related(
    State(desk): State<Arc<Desk>>,
    Path(sku): Path<String>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Result<Json<Related>, Problem> {
    let _place = desk.in_flight.enter()?;
    let limit = desk.limit(pairs)?;
    let relations = desk.associations.of_product(&sku).await?;
    let (as_of, unit) = desk.now();
    let items = ranking::related(&sku, &relations, unit, limit);
    Ok(Json(Related { sku, items, model_version: MODEL_VERSION, as_of }))
}
