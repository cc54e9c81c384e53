//! `POST /orders/{id}/label`: passes on what was learned about an order: that it was fraud, or that it was honest. Of
//! several labels the newest counts, so that anybody's can be corrected.

use std::sync::Arc;

use axum::{
    extract::{Extension, Path, Request, State},
    response::Response,
};
use orderflow::{
    envelope::ids,
    events::FraudLabelled,
    http::{Correlation, Mistakes, Problem, body, callers::Caller, kind::INVALID_FIELDS},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    cancel_order::{accepted, words},
    decide_review::{MAX_REASON, who},
    desk::{Desk, MAX_BODY, order_id},
    parties::Parties,
};

/// What is learned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    /// Whether the order was fraud.
    fraud: bool,
    /// How it is known: `chargeback`, `analyst` or `customer`.
    source: String,
    /// Who says so; a token's subject goes before it.
    #[serde(default)]
    labelled_by: Option<String>,
    /// Why.
    reason: String,
}

/// Handles `POST /orders/{id}/label`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for an unknown order; a problem for whatever is wrong with the body.
pub async fn label_order(
    State(desk): State<Arc<Desk>>,
    Extension(correlation): Extension<Correlation>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let _place = desk.in_flight.enter()?;
    let caller = desk.staff(&request)?;
    let order_id = order_id(&id)?;
    let label = checked(&caller, body::json(request, MAX_BODY).await?)?;
    let event = labelled(&desk, order_id, label, desk.parties(order_id).await?);
    let event_id = event_id(&event);
    desk.commands.label(event_id, &event, &correlation).await?;
    let FraudLabelled { fraud, source, labelled_by, labelled_at, .. } = &event;
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
    Ok(accepted(order_id, &answer))
}

/// A valid label with its author; all mistakes of any other.
fn checked(caller: &Caller, label: Label) -> Result<(Label, String), Problem> {
    let mut mistakes = Mistakes::new();
    let known = FraudLabelled::SOURCES.contains(&label.source.as_str());
    mistakes.expect(known, "/source", "unknown", "chargeback, analyst or customer");
    let labelled_by = who(caller, label.labelled_by.as_deref(), "/labelled_by", &mut mistakes);
    let reason = label.reason.trim().to_owned();
    words(&reason, 1..=MAX_REASON, "/reason", &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    Ok((Label { reason, ..label }, labelled_by))
}

fn labelled(
    desk: &Desk,
    order_id: Uuid,
    (label, labelled_by): (Label, String),
    about: Parties,
) -> FraudLabelled {
    let Parties { customer_id, card_hash, device_hash, address_hash } = about;
    let Label { fraud, source, reason, .. } = label;
    FraudLabelled {
        order_id,
        customer_id,
        card_hash,
        device_hash,
        address_hash,
        fraud,
        source,
        labelled_by,
        reason,
        labelled_at: desk.clock.now(),
    }
}

/// With its time: whoever labels an order as fraud, then as honest, then as fraud again has said three things. One that is
/// sent again says the same once more, which changes nothing.
fn event_id(label: &FraudLabelled) -> Uuid {
    let (order, at) = (label.order_id.to_string(), label.labelled_at.as_microsecond().to_string());
    let what = if label.fraud { "fraud" } else { "honest" };
    ids::from_parts(&[&order, "label", &label.labelled_by, what, &label.source, &at])
}
