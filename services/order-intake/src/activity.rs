//! `POST /activity`: the shop tells what customers look at and put into their carts.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, Request, State},
    http::StatusCode,
};
use futures::future::try_join_all;
use jiff::Timestamp;
use orderflow::{
    events::{CartLine, CartUpdated, ProductViewed},
    http::{Correlation, Mistakes, Problem, body, kind::INVALID_FIELDS, random_id},
};
use serde::Serialize;

use crate::{
    activity_request::{Deed, Report, checked},
    intake::Intake,
    limits::MAX_BODY,
    network::Place,
    outbox::Activity,
    place_order::{SOURCE, admit},
};

/// The body of the 202.
#[derive(Debug, Serialize)]
pub struct Answer {
    status: &'static str,
    /// How many activities are on the log now.
    accepted: usize,
}

/// Handles `POST /activity`. All of a report is taken, or nothing: it is answered once everything is durable. There is no
/// idempotency key: what is told twice counts twice, which for a hint is no harm.
///
/// # Errors
/// A problem for whatever is wrong with the request, or with the world.
pub async fn report_activity(
    State(intake): State<Arc<Intake>>,
    Extension(correlation): Extension<Correlation>,
    Extension(place): Extension<Place>,
    request: Request,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    admit(&intake, &request, &place)?;
    let report: Report = body::json(request, MAX_BODY).await?;
    let mut mistakes = Mistakes::new();
    let deeds = checked(report, &intake.catalogue, &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    let (now, outbox) = (intake.clock.now(), &intake.acceptor.outbox);
    let records = deeds
        .into_iter()
        .map(|deed| outbox.activity(&event(deed, now), correlation.root(random_id(now), SOURCE)))
        .collect::<Result<Vec<_>, _>>()?;
    try_join_all(records.iter().map(|record| outbox.send(record))).await?;
    tracing::debug!(accepted = records.len(), correlation_id = correlation.id, "activity taken in");
    Ok((StatusCode::ACCEPTED, Json(Answer { status: "accepted", accepted: records.len() })))
}

/// What goes on the log. The time is intake's own: callers' clocks are not to be relied on.
fn event(deed: Deed, now: Timestamp) -> Activity {
    match deed {
        Deed::Viewed { customer_id, sku } => {
            Activity::Viewed(ProductViewed { customer_id, sku, viewed_at: now })
        }
        Deed::Cart { customer_id, lines } => {
            let line = |(sku, quantity)| CartLine { sku, quantity };
            let lines = lines.into_iter().map(line).collect();
            Activity::Cart(CartUpdated { customer_id, lines, updated_at: now })
        }
    }
}
