//! Every order as it is known right now: accepted by its caller, heard of on the topics.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use orderflow::order_state::{Facts, State};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    load::Latency,
    log::{Decoder, Entry, Place},
};

/// Shared by whoever sends orders and whoever follows the topics.
#[derive(Default)]
pub(super) struct Board(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    orders: HashMap<Uuid, Track>,
    dead_letters: usize,
}

#[derive(Default)]
struct Track {
    facts: Facts,
    /// When its caller had the 202.
    accepted: Option<Instant>,
    /// When its final event could be read.
    finished: Option<Instant>,
}

/// Numbers at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    /// Orders whose caller had a 202.
    pub accepted: usize,
    /// Of these, those with a final state.
    pub finished: usize,
    /// All orders heard of, by state.
    pub states: BTreeMap<State, usize>,
    /// Dead letters seen.
    pub dead_letters: usize,
}

impl Board {
    /// An order's caller had a 202 at `at`.
    pub(super) fn accepted(&self, order: Uuid, at: Instant) {
        self.lock().orders.entry(order).or_default().accepted.get_or_insert(at);
    }

    /// A record has appeared; its schema has been learnt.
    pub(super) fn heard(&self, entry: &Entry, decoder: &Decoder) {
        let now = Instant::now();
        let mut inner = self.lock();
        if let Place::DeadLetters(_) = entry.place {
            inner.dead_letters += 1;
        }
        let Some(order) = entry.order_id() else { return };
        let track = inner.orders.entry(order).or_default();
        decoder.tell(entry, &mut track.facts);
        if track.facts.state().is_final() {
            track.finished.get_or_insert(now);
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let inner = self.lock();
        let mut snapshot = Snapshot { dead_letters: inner.dead_letters, ..Snapshot::default() };
        for track in inner.orders.values() {
            snapshot.accepted += usize::from(track.accepted.is_some());
            snapshot.finished += usize::from(track.accepted.is_some() && track.finished.is_some());
            *snapshot.states.entry(track.facts.state()).or_default() += 1;
        }
        snapshot
    }

    /// From each 202 to the moment its order's final event could be read by others.
    pub(super) fn latency(&self) -> Latency {
        let mut latency = Latency::default();
        for track in self.lock().orders.values() {
            if let (Some(accepted), Some(finished)) = (track.accepted, track.finished) {
                // The final event may be there before the 202 has come back.
                latency.record(finished.saturating_duration_since(accepted));
            }
        }
        latency
    }

    /// Every order whose caller had a 202.
    pub(super) fn all_accepted(&self) -> BTreeSet<Uuid> {
        let inner = self.lock();
        inner.orders.iter().filter(|(_, track)| track.accepted.is_some()).map(|(id, _)| *id).collect()
    }

    /// Those of them without a final state.
    pub(super) fn unfinished(&self) -> Vec<(Uuid, State)> {
        let inner = self.lock();
        let open =
            inner.orders.iter().filter(|(_, track)| track.accepted.is_some() && track.finished.is_none());
        open.map(|(id, track)| (*id, track.facts.state())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
