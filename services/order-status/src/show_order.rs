//! `GET /orders/{id}`: where an order stands and how it got there, at once or when it has got somewhere.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Query as Pairs, Request, State},
    response::{IntoResponse, Response},
};
use orderflow::http::{
    Problem,
    query::{Query, duration},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    desk::{Desk, order_id},
    line::Line,
    order::{About, Order, names},
    problem_kind::INVALID_QUERY,
    staff,
};

/// Most events shown: an order has about twenty; the newest are shown.
const SHOWN: usize = 200;
/// How long a long poll may take.
const MAX_WAIT: Duration = Duration::from_secs(60);
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// The answer.
#[derive(Debug, Serialize)]
pub struct View<'a> {
    order_id: Uuid,
    state: &'static str,
    step: Option<&'static str>,
    /// Absent until an event that carries the order has come.
    #[serde(flatten)]
    about: Option<&'a About>,
    timeline: Vec<Line>,
    /// How many older events are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    earlier: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// An order as it is shown, with these of its lines.
pub fn view(order: &Order, mut timeline: Vec<Line>) -> View<'_> {
    let (state, step) = names(order.state());
    let earlier = timeline.len().saturating_sub(SHOWN);
    timeline.drain(..earlier);
    View { order_id: order.id, state, step, about: order.about.as_ref(), timeline, earlier }
}

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The order is known.
    Accepted,
    /// Nothing more will happen to its state.
    Final,
}

impl Until {
    fn is_met_by(self, order: &Order) -> bool {
        self == Self::Accepted || order.state().is_final()
    }
}

/// Handles `GET /orders/{id}`.
///
/// # Errors
/// 404 for an order that is not there as of the request.
pub async fn show_order(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Problem> {
    let order_id = order_id(&id)?;
    let order = match wait(pairs)? {
        None => {
            let _place = desk.in_flight.enter()?;
            desk.order(order_id).await?
        }
        Some((until, timeout)) => {
            let _place = desk.waiting.enter()?;
            match waited(&desk, order_id, until, timeout).await? {
                Some(order) => order,
                None => desk.order(order_id).await?,
            }
        }
    };
    let reader = desk.reader(&request);
    let mut lines = order.lines(reader);
    // Where an order stands does not depend on who has said what.
    if let Err(error) = staff::fill_in(&mut lines, desk.records.as_ref()).await {
        tracing::warn!(%order_id, error = format!("{error:#}"), "who has acted cannot be read from the log");
    }
    Ok(Json(view(&order, lines)).into_response())
}

fn wait(pairs: Vec<(String, String)>) -> Result<Option<(Until, Duration)>, Problem> {
    let mut query = Query::new(pairs);
    let until = query.take("wait", "accepted or final", |text| match text {
        "accepted" => Some(Until::Accepted),
        "final" => Some(Until::Final),
        _ => None,
    });
    let within = |text: &str| duration(text).filter(|time| *time <= MAX_WAIT);
    let timeout = query.take("timeout", "a time of at most 60s, such as 30s or 500ms", within);
    query.finish(&INVALID_QUERY)?;
    Ok(until.map(|until| (until, timeout.unwrap_or(DEFAULT_WAIT))))
}

/// The order once it is as it was waited for; `None` when that took too long, or this process stops.
async fn waited(
    desk: &Desk,
    order_id: Uuid,
    until: Until,
    timeout: Duration,
) -> Result<Option<Order>, Problem> {
    let deadline = tokio::time::Instant::now() + timeout;
    let mut listener = desk.changes.of(order_id);
    let mut seen = 0;
    loop {
        let count = desk.timelines.count(order_id).await?;
        if count != seen {
            seen = count;
            if let Some(order) = desk.timelines.order(order_id).await?.filter(|order| until.is_met_by(order))
            {
                return Ok(Some(order));
            }
        }
        match tokio::time::timeout_at(deadline, listener.changed()).await {
            Ok(true) => {}
            Ok(false) | Err(_) => return Ok(None),
        }
    }
}
