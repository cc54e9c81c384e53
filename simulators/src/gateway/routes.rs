//! The gateway's paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::{Call, Change, Keyed};
use crate::desk::Desk;
use crate::gateway::cancel::{self, CancelIntent};
use crate::gateway::confirm::{self, Act, ConfirmIntent};
use crate::gateway::create::{self, CreateIntent};
use crate::gateway::refund::{self, CreateRefund};
use crate::gateway::{Gateway, errors};
use crate::reply::{Refusal, Reply};

type Desked = State<Arc<Desk<Gateway>>>;

/// The paths under `/v1`.
pub fn routes() -> Router<Arc<Desk<Gateway>>> {
    Router::new()
        .route("/v1/payment_intents", post(create_intent))
        .route("/v1/payment_intents/search", get(search))
        .route("/v1/payment_intents/{id}", get(retrieve))
        .route("/v1/payment_intents/{id}/confirm", post(confirm_intent))
        .route("/v1/payment_intents/{id}/cancel", post(cancel_intent))
        .route("/customer/{id}/{act}", post(customer))
        .route("/v1/refunds", post(create_refund).get(list_refunds))
}

async fn create_intent(State(desk): Desked, call: Call) -> Response {
    desk.change(&call, Keyed::Required, |_, request: CreateIntent, moment| create::decide(request, moment))
        .await
}

async fn confirm_intent(State(desk): Desked, Path(id): Path<String>, call: Call) -> Response {
    let decide = |gateway: &Gateway, _: ConfirmIntent, moment: &_| confirm::decide(gateway, &id, moment);
    desk.change(&call, Keyed::Optional, decide).await
}

/// What the customer does on the page that asks them: `confirm` or `refuse`. No path of Stripe's.
async fn customer(State(desk): Desked, Path((id, act)): Path<(String, Act)>, call: Call) -> Response {
    let decide = |gateway: &Gateway, _: NoFields, moment: &_| confirm::act(gateway, &id, act, moment);
    desk.change(&call, Keyed::Never, decide).await
}

/// A request without fields.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

impl Change for NoFields {}

async fn cancel_intent(State(desk): Desked, Path(id): Path<String>, call: Call) -> Response {
    let decide = |gateway: &Gateway, _: CancelIntent, moment: &_| cancel::decide(gateway, &id, moment);
    desk.change(&call, Keyed::Optional, decide).await
}

async fn create_refund(State(desk): Desked, call: Call) -> Response {
    let decide =
        |gateway: &Gateway, request: CreateRefund, moment: &_| refund::decide(gateway, &request, moment);
    desk.change(&call, Keyed::Required, decide).await
}

async fn retrieve(State(desk): Desked, Path(id): Path<String>) -> Response {
    desk.look(|gateway| match gateway.intent(&id) {
        Some(intent) => Reply::ok(intent),
        None => errors::missing("intent", "payment_intent", &id),
    })
    .await
}

#[derive(Deserialize)]
struct Search {
    query: String,
}

/// Of Stripe's query language the one question that is asked here.
async fn search(State(desk): Desked, search: Result<Query<Search>, QueryRejection>) -> Response {
    let order = |search: &Search| {
        let order = search.query.strip_prefix("metadata['order_id']:'")?.strip_suffix('\'')?;
        Some(order.to_owned())
    };
    let Some(order) = search.ok().and_then(|Query(search)| order(&search)) else {
        let message = "Search by order: ?query=metadata['order_id']:'…'".into();
        return desk.refuse(&Refusal::Invalid { field: "query".into(), message });
    };
    let lag = SignedDuration::from_millis(u64::from(desk.faults().search_lag_ms).cast_signed());
    let indexed = (desk.now() - lag).as_second();
    desk.look(|gateway| {
        let found = gateway.of_order(&order);
        let found: Vec<_> = found.into_iter().filter(|intent| intent.created <= indexed).collect();
        Reply::ok(&json!({"object": "search_result", "data": found, "has_more": false}))
    })
    .await
}

#[derive(Deserialize)]
struct Refunded {
    payment_intent: String,
}

async fn list_refunds(State(desk): Desked, query: Result<Query<Refunded>, QueryRejection>) -> Response {
    match query {
        Ok(Query(Refunded { payment_intent })) => {
            desk.look(|gateway| refund::list(gateway, &payment_intent)).await
        }
        Err(_) => desk.refuse(&Refusal::Invalid {
            field: "payment_intent".into(),
            message: "List by payment: ?payment_intent=…".into(),
        }),
    }
}
