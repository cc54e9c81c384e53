//! The carrier's paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value};

use crate::call::{Call, Keyed};
use crate::carrier::label::{self, BuyLabel};
use crate::carrier::pickup::{self, Window};
use crate::carrier::{Carrier, order_void, problem};
use crate::desk::Desk;
use crate::reply::Reply;

type Desked = State<Arc<Desk<Carrier>>>;

/// The paths under `/v1`.
pub fn routes() -> Router<Arc<Desk<Carrier>>> {
    Router::new()
        .route("/v1/labels", post(buy_label))
        .route("/v1/labels/by-order/{order_id}", get(by_order))
        .route("/v1/labels/by-order/{order_id}/void", post(void_order))
        .route("/v1/labels/{label_id}/void", post(void_label))
        .route("/v1/pickups", post(book_pickup))
}

async fn buy_label(State(desk): Desked, call: Call) -> Response {
    let decide = |carrier: &Carrier, request: BuyLabel, moment: &_| label::buy(carrier, request, moment);
    desk.change(&call, Keyed::Required, decide).await
}

async fn void_label(State(desk): Desked, Path(label_id): Path<String>, call: Call) -> Response {
    let decide = |carrier: &Carrier, _: Map<String, Value>, _: &_| label::void(carrier, &label_id);
    desk.change(&call, Keyed::Never, decide).await
}

async fn void_order(State(desk): Desked, Path(order_id): Path<String>, call: Call) -> Response {
    let decide = |carrier: &Carrier, _: Map<String, Value>, _: &_| order_void::void(carrier, order_id);
    desk.change(&call, Keyed::Never, decide).await
}

async fn book_pickup(State(desk): Desked, call: Call) -> Response {
    let decide = |carrier: &Carrier, window: Window, moment: &_| pickup::decide(carrier, window, moment);
    desk.change(&call, Keyed::Required, decide).await
}

async fn by_order(State(desk): Desked, Path(order_id): Path<String>) -> Response {
    desk.look(|carrier| match carrier.of_order(&order_id) {
        Some(label) => Reply::ok(label),
        None => problem::not_found("That order has no label."),
    })
    .await
}
