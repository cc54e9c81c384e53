//! `POST /orders`: an order is accepted once it is on the log of all in-sync replicas, and not before.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Extension, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use orderflow::{
    envelope::ids,
    http::{Correlation, Mistakes, Principal, Problem, body, kind::INVALID_FIELDS, random_id},
    sealed::seal,
};
use uuid::Uuid;

use crate::{
    accept::{Accepted, Draft},
    claims::Claim,
    domain,
    idempotency::{IdempotencyKey, claim_name},
    intake::Intake,
    limits::MAX_BODY,
    network::{Place, subscriber},
    order_id::keyed_id,
    price::{Priced, price},
    request::{PlaceOrder, request_hash},
    validate::validate,
};

/// The source of the events made here.
pub const SOURCE: &str = "order-intake";

/// Everything known about one request for an order.
struct Asked {
    request: PlaceOrder,
    request_hash: String,
    principal: Principal,
    place: Place,
    correlation: Correlation,
    key: Option<IdempotencyKey>,
    order_id: Uuid,
}

/// Handles `POST /orders`.
///
/// # Errors
/// A problem for whatever is wrong with the request, or with the world.
pub async fn place_order(
    State(intake): State<Arc<Intake>>,
    Extension(correlation): Extension<Correlation>,
    Extension(place): Extension<Place>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = admit(&intake, &request, &place)?;
    let key = IdempotencyKey::read(request.headers())?;
    let request: PlaceOrder = body::json(request, MAX_BODY).await?;
    let request_hash = intake.hashes.request(&request_hash(&request));
    let order_id = match &key {
        Some(key) => keyed_id(principal.as_str(), key, &request_hash),
        None => random_id(intake.clock.now()),
    };
    let asked = Asked { request, request_hash, principal, place, correlation, key, order_id };
    let accepted = match &asked.key {
        None => intake.acceptor.once(draft(&intake, &asked)).await?,
        Some(key) => {
            let name = claim_name(asked.principal.as_str(), &key.hash(), &asked.request_hash);
            let claim = Claim { name, request_hash: asked.request_hash.clone() };
            intake.acceptor.keyed(&claim, draft(&intake, &asked)).await?
        }
    };
    tracing::info!(%order_id, correlation_id = asked.correlation.id, replayed = accepted.replayed, "order accepted");
    Ok(answered(&intake, order_id, accepted))
}

/// Who calls, if not too often. A caller with a bad token is counted by address, like one without any.
///
/// # Errors
/// 401 for a token that proves nothing, 429 for a caller who asks too often.
pub fn admit(intake: &Intake, request: &Request, place: &Place) -> Result<Principal, Problem> {
    let principal = intake.tokens.principal(request.headers(), intake.clock.now());
    match &principal {
        Ok(known) if !known.is_anonymous() => intake.rate.check(&known.as_str())?,
        _ => intake.rate.check(&place.ip.map(subscriber))?,
    }
    principal
}

/// Decides the order and prepares its event.
async fn draft(intake: &Intake, asked: &Asked) -> Result<Draft, Problem> {
    let priced = check(intake, &asked.request)?;
    let customer_id = domain::customer_id(&asked.request, &intake.hashes);
    let (key_id, key) = intake.keys.current(&customer_id).await?;
    let sealed = seal(&key, key_id, asked.order_id, &domain::person(&asked.request))?;
    let placed_at = intake.clock.now();
    let decided = domain::Decided { order_id: asked.order_id, customer_id, priced, placed_at, sealed };
    let order = domain::order(&asked.request, &asked.place, &intake.hashes, decided);
    let answer = domain::answer(&order);
    let key_hash = asked.key.as_ref().map(IdempotencyKey::hash);
    let event = domain::order_placed(order, asked.principal.as_str(), key_hash, asked.request_hash.clone());
    let root = asked.correlation.root(ids::of_root(&asked.order_id.to_string(), "placed"), SOURCE);
    Ok(Draft { record: intake.acceptor.outbox.order(&event, root)?, answer })
}

/// The prices of a valid request; all mistakes of any other.
fn check(intake: &Intake, request: &PlaceOrder) -> Result<Priced, Problem> {
    let mut mistakes = Mistakes::new();
    validate(request, &mut mistakes);
    let priced = price(&request.lines, &request.currency, &intake.catalogue, &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    Ok(priced)
}

fn answered(intake: &Intake, order_id: Uuid, accepted: Accepted) -> Response {
    let mut response = (StatusCode::ACCEPTED, Body::from(accepted.answer)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(location) = HeaderValue::from_str(&format!("{}/orders/{order_id}", intake.order_status)) {
        headers.insert(header::LOCATION, location);
    }
    if accepted.replayed {
        headers.insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    }
    response
}
