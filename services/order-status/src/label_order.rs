//! `POST /orders/{id}/label`: passes on what was learned about an order: that it was fraud, or that it was honest. Of
//! several labels the newest counts, so that anybody's can be corrected.

use std::sync::Arc;

use axum::{
    extract::{Extension, State},
    response::Response,
};
use jiff::Timestamp;
use orderflow::{
    envelope::ids,
    events::FraudLabelled,
    http::{Correlation, Mistakes, Problem, kind::INVALID_FIELDS},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    asked::{Asked, Command},
    cancel_order::{accepted, words},
    decide_review::{MAX_REASON, who},
    desk::Desk,
};

/// What is learned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Whether the order was fraud.
    fraud: bool,
    /// How it is known: `chargeback`, `analyst` or `customer`.
    source: String,
    /// Who says so; a token's subject goes before it.
    #[serde(default)]
    labelled_by: Option<String>,
    /// Why.
    reason: String,
    /// When it was learned; now unless given.
    #[serde(default)]
    labelled_at: Option<Timestamp>,
}

impl Command for Label {
    const STAFF_ONLY: bool = true;
}

/// Handles `POST /orders/{id}/label`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an unknown order; a problem for whatever is wrong with the body.
pub async fn label_order(
    State(desk): State<Arc<Desk>>,
    Extension(correlation): Extension<Correlation>,
    asked: Asked<Label>,
) -> Result<Response, Problem> {
    let event = labelled(&desk, &asked).await?;
    let event_id = event_id(&event);
    desk.commands.label(event_id, &event, &correlation).await?;
    let FraudLabelled { order_id, fraud, source, labelled_by, labelled_at, .. } = &event;
    tracing::info!(%order_id, fraud, source, correlation_id = correlation.id, "order labelled");
    let answer = json!({
        "order_id": order_id,
        "event_id": event_id,
        "status": "requested",
        "fraud": fraud,
        "source": source,
        "labelled_by": labelled_by,
        "labelled_at": labelled_at,
    });
    Ok(accepted(*order_id, &answer))
}

/// The event of a valid label of a known order; all mistakes of any other label.
async fn labelled(desk: &Desk, asked: &Asked<Label>) -> Result<FraudLabelled, Problem> {
    let Asked {
        caller, order_id, command: Label { fraud, source, labelled_by, reason, labelled_at }, ..
    } = asked;
    let (mut mistakes, now) = (Mistakes::new(), desk.clock.now());
    let known = FraudLabelled::SOURCES.contains(&source.as_str());
    mistakes.expect(known, "/source", "unknown", "chargeback, analyst or customer");
    let labelled_by = who(caller, labelled_by.as_deref(), "/labelled_by", &mut mistakes);
    let reason = reason.trim().to_owned();
    words(&reason, 1..=MAX_REASON, "/reason", &mut mistakes);
    let labelled_at = labelled_at.unwrap_or(now);
    // The newest label counts: no later word could correct one of the future.
    mistakes.expect(
        labelled_at <= now,
        "/labelled_at",
        "in_the_future",
        "a time that has passed, or none for now",
    );
    mistakes.none_or(&INVALID_FIELDS)?;
    let about = desk.parties(*order_id).await?;
    Ok(FraudLabelled {
        order_id: *order_id,
        customer_id: about.customer_id,
        card_hash: about.card_hash,
        device_hash: about.device_hash,
        address_hash: about.address_hash,
        fraud: *fraud,
        source: source.clone(),
        labelled_by,
        reason,
        labelled_at,
    })
}

/// With its time: whoever labels an order as fraud, then as honest, then as fraud again has said three things. One that is
/// sent again says the same once more, which changes nothing; with the time it was learned at, it is the very same event.
fn event_id(label: &FraudLabelled) -> Uuid {
    let (order, at) = (label.order_id.to_string(), label.labelled_at.as_microsecond().to_string());
    let what = if label.fraud { "fraud" } else { "honest" };
    ids::from_parts(&[&order, "label", &label.labelled_by, what, &label.source, &at, &label.reason])
}
