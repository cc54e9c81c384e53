//! What is served, and the layers around it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use orderflow::http::{Outermost, Problem, served};
use serde_json::{Value, json};

use crate::{
    activity::report_activity, intake::Intake, meters::REQUESTS, place_order::place_order, problem_kind,
    stock::adjust_stock,
};

/// All routes.
pub fn routes(intake: Arc<Intake>) -> Router {
    let outermost = Outermost { clock: intake.clock.clone(), requests: REQUESTS };
    let routes = Router::new()
        .route("/", get(index))
        .route("/orders", post(place_order))
        .route("/activity", post(report_activity))
        .route("/catalogue", get(catalogue))
        .route("/stock/adjustments", post(adjust_stock));
    // Before anything costs: a place among those in flight, and where the caller is.
    let routes = routes.layer(from_fn_with_state(intake.clone(), admit));
    served(routes, problem_kind::ALL, outermost).with_state(intake)
}

async fn admit(
    State(intake): State<Arc<Intake>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place_among_those_in_flight = intake.in_flight.enter()?;
    let place = intake.network.place(request.headers(), request.extensions());
    request.extensions_mut().insert(place);
    Ok(next.run(request).await)
}

async fn index() -> Json<Value> {
    Json(json!({
        "service": "order-intake",
        "what": "takes orders in; each is answered once it is durable",
        "links": {
            "place an order": "POST /orders",
            "tell what customers view and put into carts": "POST /activity",
            "catalogue": "/catalogue",
            "adjust stock (operators)": "POST /stock/adjustments",
            "problems": "/problems",
        },
    }))
}

async fn catalogue(State(intake): State<Arc<Intake>>) -> Json<Value> {
    let catalogue = &intake.catalogue;
    Json(json!({
        "version": catalogue.version(),
        "currencies": catalogue.currencies().collect::<Vec<_>>(),
        "products": catalogue.products(),
    }))
}
