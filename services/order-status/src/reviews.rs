//! `GET /reviews`: orders that wait for a person to decide, the next deadline first. For staff.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query as Pairs, Request, State},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use orderflow::{
    events::Reason,
    http::{Problem, query::Query},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    desk::Desk,
    entry::Said,
    order::{About, Decision, Order},
    problem_kind::INVALID_QUERY,
};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// The answer.
#[derive(Debug, Serialize)]
struct Queue<'a> {
    reviews: Vec<Review<'a>>,
    /// For the next page; `null` after the last.
    next: Option<String>,
}

/// An order that waits.
#[derive(Debug, Serialize)]
struct Review<'a> {
    order_id: Uuid,
    #[serde(flatten)]
    about: Option<&'a About>,
    held_at: Timestamp,
    /// When policy decides, if nobody does.
    review_by: Timestamp,
    score: f64,
    reasons: &'a [Reason],
    /// Whether half of the time has passed.
    escalated: bool,
    /// A decision that is on its way.
    decision: Option<Decision>,
}

impl<'a> Review<'a> {
    fn of(order: &'a Order) -> Option<Self> {
        let (held_at, score, reasons, review_by) = order.entries().find_map(|entry| match &entry.review {
            Some(Said::Held { score, reasons, review_by }) => Some((entry.at, *score, reasons, *review_by)),
            _ => None,
        })?;
        Some(Self {
            order_id: order.id,
            about: order.about.as_ref(),
            held_at,
            review_by,
            score,
            reasons,
            escalated: order.entries().any(|entry| entry.review == Some(Said::Escalated)),
            decision: order.decision(),
        })
    }
}

/// Handles `GET /reviews`.
///
/// # Errors
/// 403 unless the caller is staff; 400 for parameters that cannot be meant.
pub async fn reviews(
    State(desk): State<Arc<Desk>>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let mut query = Query::new(pairs);
    let limit = query.limit(DEFAULT_LIMIT, MAX_LIMIT);
    let skip = query.take("cursor", "`next` of the page before", |text| text.parse::<u32>().ok());
    query.finish(&INVALID_QUERY)?;
    let skip = skip.map_or(0, |skip| skip as usize);
    desk.timelines.require_whole().await?;
    let orders = desk.timelines.under_review(skip, limit).await?;
    let queue = Queue {
        next: (orders.len() == limit).then(|| (skip + limit).to_string()),
        reviews: orders.iter().filter_map(Review::of).collect(),
    };
    Ok(Json(queue).into_response())
}
