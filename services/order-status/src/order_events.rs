//! `GET /orders/{id}/events`: an order's events as server-sent events: those of the past, then each as it comes, until
//! the order is finished.
//!
//! An event's `id` names a place in order of arrival: all up to there have been sent. Events that came at once are sent
//! as they happened, so only the last of them has an id: a connection that breaks in between gets them again, each
//! under its own event id in the data.

use std::{collections::HashSet, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use orderflow::http::Problem;
use serde_json::json;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use uuid::Uuid;

use crate::{
    changes::Listener,
    desk::{Desk, order_id},
    line::{Line, Reader},
    order::{Order, names},
};

/// How long one connection is served; clients come back by themselves, with `Last-Event-ID`.
const MAX_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long an answer waits for what it answers: of two topics the later event may be read first.
const GAP: Duration = Duration::from_secs(1);
/// How often a quiet connection shows that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

/// Handles `GET /orders/{id}/events`.
///
/// # Errors
/// 404 for an order that is not there as of the request; 503 when too many wait.
pub async fn order_events(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let order_id = order_id(&id)?;
    let place = desk.waiting.enter()?;
    let listener = desk.changes.of(order_id);
    let order = desk.order(order_id).await?;
    let resumed = last_place(request.headers(), &desk.timelines.generation());
    if resumed > 0 && resumed >= order.last_place() && order.state().is_final() {
        return Ok(StatusCode::NO_CONTENT.into_response()); // tells the client not to come back
    }
    let follower = Follower {
        sent: order.timeline.iter().filter(|a| a.place <= resumed).map(|a| a.entry.id).collect(),
        reader: desk.reader(&request),
        desk,
        listener,
        order: Some(order),
        count: 0,
        until: Instant::now() + MAX_LIFE,
        filled_by: None,
        ended: false,
        _place: place,
    };
    let keep_alive = KeepAlive::new().interval(ALIVE);
    Ok(Sse::new(follower.into_stream()).keep_alive(keep_alive).into_response())
}

/// Up to where the caller has had events: `Last-Event-ID`, if it is of this generation of the state.
fn last_place(headers: &HeaderMap, generation: &str) -> u64 {
    let sent = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.split_once('-'));
    sent.filter(|(theirs, _)| *theirs == generation).and_then(|(_, place)| place.parse().ok()).unwrap_or(0)
}

/// One connection.
struct Follower {
    desk: Arc<Desk>,
    reader: Reader,
    listener: Listener,
    /// Read and not sent yet.
    order: Option<Order>,
    /// How many events the order had when it was last read.
    count: u64,
    sent: HashSet<Uuid>,
    until: Instant,
    /// How long a gap is waited for.
    filled_by: Option<Instant>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let batches = stream::unfold(self, |mut follower| async {
            let events = follower.next().await?;
            Some((stream::iter(events.into_iter().map(Ok)), follower))
        });
        batches.flatten()
    }

    /// What to send next; `None` when there is no more.
    async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.ended {
            let gap = self.order.as_ref().is_some_and(|order| !order.is_whole());
            let filled_by = gap.then(|| *self.filled_by.get_or_insert_with(|| Instant::now() + GAP));
            let waits = filled_by.filter(|by| Instant::now() < *by);
            if waits.is_none()
                && let Some(order) = self.order.take()
            {
                self.filled_by = None;
                let events = self.unsent(&order);
                if !events.is_empty() {
                    return Some(events);
                }
            }
            let until = waits.map_or(self.until, |by| by.min(self.until));
            match tokio::time::timeout_at(until, self.listener.changed()).await {
                Ok(true) => self.read().await?,
                Err(_) if until < self.until => {} // sent as it is
                Ok(false) | Err(_) => return None,
            }
        }
        None
    }

    /// Reads the order again if there is more of it. An outage ends the connection; the client comes back for the rest.
    async fn read(&mut self) -> Option<()> {
        let id = self.listener.order_id();
        let count = self.desk.timelines.count(id).await.ok()?;
        if count != self.count {
            self.count = count;
            self.order = self.desk.timelines.order(id).await.ok()?;
        }
        Some(())
    }

    /// The events that were not sent yet, and the end where it is reached.
    fn unsent(&mut self, order: &Order) -> Vec<Event> {
        let (state, step) = names(order.state());
        let lines = order.lines(self.reader);
        let new = lines.iter().filter(|line| self.sent.insert(line.id));
        let mut events: Vec<Event> =
            new.map(|line| Event::default().event(&line.event).data(text(line))).collect();
        self.ended = order.state().is_final();
        if self.ended {
            let end = json!({ "order_id": order.id, "state": state, "step": step });
            events.push(Event::default().event("end").data(end.to_string()));
        }
        let id = format!("{}-{}", self.desk.timelines.generation(), order.last_place());
        if let Some(last) = events.pop() {
            events.push(last.id(id));
        }
        events
    }
}

/// A line as JSON: plain text and numbers always serialise.
fn text(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default()
}
