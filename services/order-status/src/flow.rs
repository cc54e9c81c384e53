//! `GET /flow` and `GET /flow/events`: the shop's flow as it is now: how many orders pass each service, how long that
//! takes, what waits in front of it, and what is wrong. For staff.
//!
//! | module | answers |
//! |---|---|
//! | [`hops`] | which services an order passes, and what they read |
//! | [`counts`] | how many orders, how quickly: from the events that are folded anyway |
//! | [`breakers`] | what a service calls no more |
//! | [`snapshot`] | all of it as one answer |
//! | [`watcher`] | one connection that follows it |

pub mod breakers;
pub mod counts;
mod hops;
mod snapshot;
mod watcher;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Request, State},
    response::{
        IntoResponse, Response,
        sse::{KeepAlive, Sse},
    },
};
use orderflow::{fault::Fault, http::Problem, runtime::group_lag::GroupLags};
use orderflow_letters::watch::Watched;
use serde_json::Value;
use tokio::sync::Mutex;

use self::{counts::Counts, watcher::Watcher};
use crate::desk::Desk;

/// For so long an answer serves whoever asks.
const FRESH: Duration = Duration::from_millis(900);
/// How often a quiet connection shows that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

/// Where the flow is known from.
pub struct Flow {
    /// What passes.
    pub counts: Counts,
    /// How far each service has read.
    pub lags: GroupLags,
    /// What they have put aside.
    pub letters: Watched,
    /// What was shown last, and when.
    latest: Mutex<Option<(Instant, Arc<Value>)>>,
}

impl Flow {
    /// From these.
    pub fn new(counts: Counts, lags: GroupLags, letters: Watched) -> Self {
        Self { counts, lags, letters, latest: Mutex::default() }
    }

    /// The flow now: put together once a second at most, whoever looks.
    ///
    /// # Errors
    /// `Lost` while the timelines are being rebuilt; `Transient` when Redis does not answer.
    async fn now(&self, desk: &Desk) -> Result<Arc<Value>, Fault> {
        let mut latest = self.latest.lock().await;
        if let Some((at, shown)) = &*latest
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(shown));
        }
        let shown = Arc::new(snapshot::of(desk, self).await?);
        *latest = Some((Instant::now(), Arc::clone(&shown)));
        Ok(shown)
    }
}

/// Handles `GET /flow`.
///
/// # Errors
/// 403 unless the caller is staff; 503 while the timelines are being rebuilt.
pub async fn flow(State(desk): State<Arc<Desk>>, request: Request) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    Ok(Json(desk.flow.now(&desk).await?.as_ref().clone()))
}

/// Handles `GET /flow/events`.
///
/// # Errors
/// 403 unless the caller is staff; 503 when too many wait.
pub async fn flow_events(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Problem> {
    desk.staff(&request)?;
    let place = desk.waiting.enter()?;
    let stream = Watcher::new(desk, place).into_stream();
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}
