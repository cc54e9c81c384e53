//! Every order as it is known right now: accepted by its caller, heard of on the topics.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use orderflow::{
    events::{OrderHeldForReview, Record as _},
    order_state::{Facts, State},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    load::{Kind, Latency},
    log::{Decoder, Entry, Place},
};

/// Shared by whoever sends orders and whoever follows the topics.
#[derive(Default)]
pub(super) struct Board(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    orders: HashMap<Uuid, Track>,
    dead_letters: usize,
    /// When the outage began, and when it was over.
    outage: (Option<Instant>, Option<Instant>),
}

#[derive(Default)]
struct Track {
    facts: Facts,
    /// When its caller had the 202.
    accepted: Option<Instant>,
    /// When its final event could be read.
    finished: Option<Instant>,
    /// Whether a person had to look at it.
    held: bool,
    /// From what kind of simulated customer; none for the replayed invoices.
    kind: Option<Kind>,
}

/// From each 202 to the moment its order's final event could be read by others, by what the order met on its way.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    /// Nothing out of the ordinary.
    pub undisturbed: Latency,
    /// The gateway's outage.
    pub outage: Latency,
    /// A person's decision.
    pub held: Latency,
    /// The replayed invoices, whatever they met.
    pub replayed: Latency,
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
    /// An order's caller had a 202 at `at`: a simulated customer of this kind, or none for an invoice that is replayed.
    pub(super) fn accepted(&self, order: Uuid, kind: Option<Kind>, at: Instant) {
        let mut inner = self.lock();
        let track = inner.orders.entry(order).or_default();
        track.accepted.get_or_insert(at);
        track.kind = kind;
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
        track.held |=
            matches!(entry.place, Place::Topic(_)) && OrderHeldForReview::is_named(&entry.envelope.kind);
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

    /// The gateway is down from now on.
    pub(super) fn outage_begins(&self, at: Instant) {
        self.lock().outage.0 = Some(at);
    }

    /// Everything is as it was before the outage.
    pub(super) fn outage_ends(&self, at: Instant) {
        self.lock().outage.1 = Some(at);
    }

    /// How long finished orders took.
    pub(super) fn latencies(&self) -> Latencies {
        let inner = self.lock();
        let mut latencies = Latencies::default();
        for track in inner.orders.values() {
            let (Some(accepted), Some(finished)) = (track.accepted, track.finished) else { continue };
            let (begun, over) = inner.outage;
            let caught =
                begun.is_some_and(|begun| finished >= begun) && over.is_none_or(|over| accepted < over);
            let latency = match (track.held, caught) {
                _ if track.kind.is_none() => &mut latencies.replayed,
                (true, _) => &mut latencies.held,
                (false, true) => &mut latencies.outage,
                (false, false) => &mut latencies.undisturbed,
            };
            // The final event may be there before the 202 has come back.
            latency.record(finished.saturating_duration_since(accepted));
        }
        latencies
    }

    /// Every order whose caller had a 202.
    pub(super) fn all_accepted(&self) -> BTreeSet<Uuid> {
        let inner = self.lock();
        inner.orders.iter().filter(|(_, track)| track.accepted.is_some()).map(|(id, _)| *id).collect()
    }

    /// The simulated customers' orders, each by what kind of customer it is from.
    pub(super) fn customers(&self) -> BTreeMap<Uuid, Kind> {
        let inner = self.lock();
        inner.orders.iter().filter_map(|(id, track)| Some((*id, track.kind?))).collect()
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
