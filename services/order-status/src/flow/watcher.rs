//! One connection that follows the flow: all of it each second, and the orders that have changed in between.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc, time::Duration};

use axum::response::sse::Event;
use futures::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Interval, MissedTickBehavior},
};
use uuid::Uuid;

use crate::{
    changes::{Everything, Heard},
    desk::Desk,
};

/// How often the flow is told.
const EVERY: Duration = Duration::from_secs(1);
/// Most orders told each time; of the others only how many.
const MOST: usize = 50;
/// How long one connection is served; browsers come back by themselves.
const MAX_LIFE: Duration = Duration::from_secs(15 * 60);

/// One connection.
pub struct Watcher {
    desk: Arc<Desk>,
    changes: Everything,
    tick: Interval,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// That begins now.
    pub fn new(desk: Arc<Desk>, place: OwnedSemaphorePermit) -> Self {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (changes, until) = (desk.changes.all(), Instant::now() + MAX_LIFE);
        Self { desk, changes, tick, until, _place: place }
    }

    /// What is sent, until the process stops or the connection is too old.
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let batches = stream::unfold(self, |mut watcher| async {
            let events = watcher.next().await?;
            Some((stream::iter(events.into_iter().map(Ok)), watcher))
        });
        batches.flatten()
    }

    async fn next(&mut self) -> Option<Vec<Event>> {
        let (mut changed, mut missed) = (BTreeSet::new(), 0);
        loop {
            tokio::select! {
                heard = self.changes.next() => match heard {
                    Heard::Changed(orders) => changed.extend(orders.iter().copied()),
                    Heard::Missed(batches) => missed += batches,
                    Heard::Stopped => return None,
                },
                _ = self.tick.tick() => break,
            }
        }
        if Instant::now() > self.until {
            return None;
        }
        Some(self.told(changed, missed).await)
    }

    /// An outage leaves out what cannot be told; the next second tells it.
    async fn told(&self, changed: BTreeSet<Uuid>, missed: u64) -> Vec<Event> {
        let mut events = Vec::new();
        match self.desk.flow.now(&self.desk).await {
            Ok(flow) => events.push(Event::default().event("flow").data(flow.to_string())),
            Err(fault) => tracing::debug!(%fault, "the flow is not known"),
        }
        let some: Vec<Uuid> = changed.iter().take(MOST).copied().collect();
        let skipped = (changed.len() - some.len()) as u64 + missed;
        let summaries = self.desk.timelines.summaries(&some).await.unwrap_or_default();
        for summary in summaries.into_iter().flatten() {
            let text = serde_json::to_string(&summary).unwrap_or_default(); // plain text and numbers
            events.push(Event::default().event("order").data(text));
        }
        if skipped > 0 {
            events.push(Event::default().event("skipped").data(json!({ "skipped": skipped }).to_string()));
        }
        events
    }
}
