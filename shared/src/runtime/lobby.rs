//! Where records wait for company: those that no order waits for need no transaction of their own, and must not hold up
//! those that an order waits for.

use std::{
    collections::HashSet,
    mem,
    time::{Duration, Instant},
};

use super::{
    batch::{Raw, Urgency},
    poll::BATCH_BYTES,
};
use crate::topics::Topic;

/// Records that were polled and may wait, at most as many as a batch. Until they are handled they are as good as not
/// polled.
pub(crate) struct Lobby {
    /// How long a record waits at most.
    wait: Duration,
    records: Vec<Raw>,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Lobby {
    pub fn new(wait: Duration) -> Self {
        Self { wait, records: Vec::new(), since: None }
    }

    /// Adds what was polled; gives back what is to be handled now, in the order in which it came.
    ///
    /// Nothing goes before an earlier record of its partition, whose offset it would commit with its own, nor before an
    /// earlier one of its key.
    pub fn let_in(&mut self, polled: Vec<Raw>, limit: usize, now: Instant) -> Vec<Raw> {
        self.records.extend(polled);
        let going = if self.is_full(limit) || self.is_due(now) || self.meets_an_urgent_one() {
            mem::take(&mut self.records)
        } else {
            self.take_urgent()
        };
        self.since = if self.records.is_empty() { None } else { self.since.or(Some(now)) };
        going
    }

    fn is_full(&self, limit: usize) -> bool {
        self.records.len() >= limit || self.records.iter().map(Raw::size).sum::<usize>() >= BATCH_BYTES
    }

    fn is_due(&self, now: Instant) -> bool {
        self.wait.is_zero() || self.since.is_some_and(|since| now.duration_since(since) >= self.wait)
    }

    /// Whether a record that waits has the partition or the key of one that does not.
    fn meets_an_urgent_one(&self) -> bool {
        if self.with(Urgency::Later).next().is_none() {
            return false;
        }
        let partitions = self.partitions(Urgency::Now);
        let keys: HashSet<&[u8]> = self.with(Urgency::Now).map(Raw::key).collect();
        self.with(Urgency::Later).any(|raw| partitions.contains(&partition(raw)) || keys.contains(raw.key()))
    }

    /// Those that an order waits for, and on the way whatever leads to nothing. The partitions of those that stay are
    /// none of theirs.
    fn take_urgent(&mut self) -> Vec<Raw> {
        let staying = self.partitions(Urgency::Later);
        if self.with(Urgency::Now).next().is_none() {
            return Vec::new();
        }
        let (stay, go) =
            mem::take(&mut self.records).into_iter().partition(|raw| staying.contains(&partition(raw)));
        self.records = stay;
        go
    }

    fn with(&self, urgency: Urgency) -> impl Iterator<Item = &Raw> {
        self.records.iter().filter(move |raw| raw.urgency == urgency)
    }

    fn partitions(&self, urgency: Urgency) -> HashSet<(Topic, i32)> {
        self.with(urgency).map(partition).collect()
    }

    /// How long until what waits is due.
    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        self.since.map(|since| self.wait.saturating_sub(now.duration_since(since)))
    }

    /// Forgets them: they will be polled again.
    pub fn clear(&mut self) {
        *self = Self::new(self.wait);
    }
}

fn partition(raw: &Raw) -> (Topic, i32) {
    (raw.place.topic, raw.place.partition)
}

#[cfg(test)]
#[path = "lobby_tests.rs"]
mod tests;
