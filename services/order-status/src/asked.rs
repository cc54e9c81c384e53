//! What every command begins with.

use std::sync::Arc;

use axum::{
    RequestExt,
    extract::{FromRequest, Path, Request},
};
use orderflow::http::{Problem, body, callers::Caller};
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::desk::{Desk, MAX_BODY, order_id};

/// What a caller sends to have something done.
pub trait Command: DeserializeOwned {
    /// Whether only staff may.
    const STAFF_ONLY: bool;
}

/// Somebody asks for something about an order.
pub struct Asked<C> {
    /// Who.
    pub caller: Caller,
    /// About which order; it may be unknown.
    pub order_id: Uuid,
    /// What for.
    pub command: C,
    /// A place among those in flight, until the answer is there.
    _place: OwnedSemaphorePermit,
}

impl<C: Command> FromRequest<Arc<Desk>> for Asked<C> {
    type Rejection = Problem;

    /// Whoever may not ask hears that first, then whoever asks about nothing; the body is read last, for it costs most.
    async fn from_request(mut request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let place = desk.in_flight.enter()?;
        let caller = if C::STAFF_ONLY { desk.staff(&request)? } else { desk.caller(&request)? };
        // What is no text is no UUID either.
        let id = request.extract_parts().await.map(|Path(id): Path<String>| id).unwrap_or_default();
        let order_id = order_id(&id)?;
        let command = body::json(request, MAX_BODY).await?;
        Ok(Self { caller, order_id, command, _place: place })
    }
}
