//! The gateway's paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use crate::call::{Call, Keyed};
use crate::desk::Desk;
use crate::gateway::cancel::{self, CancelIntent};
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
        .route("/v1/payment_intents/{id}/cancel", post(cancel_intent))
        .route("/v1/refunds", post(create_refund).get(list_refunds))
}

async fn create_intent(State(desk): Desked, call: Call) -> Response {
    desk.change(&call, Keyed::Required, |_, request: CreateIntent, moment| create::decide(request, moment))
        .await
}

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
    order_id: String,
}

async fn search(State(desk): Desked, search: Result<Query<Search>, QueryRejection>) -> Response {
    match search {
        Ok(Query(Search { order_id })) => {
            desk.look(|gateway| {
                let found = gateway.of_order(&order_id);
                Reply::ok(&json!({"object": "search_result", "data": found, "has_more": false}))
            })
            .await
        }
        Err(_) => desk.refuse(&Refusal::Invalid {
            field: "order_id".into(),
            message: "Search by order: ?order_id=…".into(),
        }),
    }
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
