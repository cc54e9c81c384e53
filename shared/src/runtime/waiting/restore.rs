//! The lines from the log: after Redis has forgotten them, the dead letters and the journal say what is blocked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use rdkafka::Message;
use uuid::Uuid;

use super::{
    Limits, Lines,
    journal::{Line, Note},
    lines::{Picked, Restored},
    partition_of,
};
use crate::{fault::Fault, runtime::batch::Raw, state::State, topics::Topic};

/// Lines and ids written at a time.
const CHUNK: usize = 200;

/// What the dead letters and the journal of a group say, as they are read.
#[derive(Default)]
pub(crate) struct Book {
    /// Topics on which the order of a key's records counts.
    ordered: Vec<Topic>,
    letters: BTreeSet<Uuid>,
    /// Given up for good.
    discarded: HashSet<Uuid>,
    keys: HashMap<Vec<u8>, Entries>,
    /// Where the journal's partitions end.
    ends: BTreeMap<i32, i64>,
}

#[derive(Default)]
struct Entries {
    letters: Vec<Uuid>,
    line: Line<i64>,
    /// Where each was first said to be settled.
    settled_at: HashMap<Uuid, i64>,
    /// The earliest such place of those that came to wait once more after it. Whoever reads on behind it would take them
    /// for open.
    needed: Option<i64>,
}

impl Entries {
    fn waits(&mut self, id: Uuid, offset: i64) {
        self.line.waits(id, offset);
        let settled = self.settled_at.get(&id).copied();
        self.needed = [self.needed, settled].into_iter().flatten().min();
    }

    fn settled(&mut self, id: Uuid, offset: i64) {
        self.line.settled(id);
        self.settled_at.entry(id).or_insert(offset);
    }

    /// Where the line must be read from; nothing when nobody waits.
    fn from(&self) -> Option<i64> {
        let (_, first) = self.line.open().next()?;
        Some(self.needed.map_or(*first, |needed| needed.min(*first)))
    }
}

impl Book {
    pub fn new(ordered: Vec<Topic>) -> Self {
        Self { ordered, ..Self::default() }
    }

    /// Takes in a dead letter.
    pub fn letter(&mut self, raw: &Raw) {
        self.letters.insert(raw.id());
        if !raw.key().is_empty() && self.ordered.contains(&raw.origin.topic) {
            self.keys.entry(raw.key().to_vec()).or_default().letters.push(raw.id());
        }
    }

    /// Takes in a record of the journal.
    pub fn journal(&mut self, raw: &Raw) {
        let place = &raw.place;
        let end = self.ends.entry(place.partition).or_default();
        *end = (*end).max(place.offset + 1);
        let entries = self.keys.entry(raw.key().to_vec()).or_default();
        match Note::of(raw.message.headers()) {
            Note::Waits => entries.waits(raw.id(), place.offset),
            Note::Settled(id) => entries.settled(id, place.offset),
            Note::Discarded(id) => {
                entries.settled(id, place.offset);
                self.discarded.insert(id);
            }
            Note::Buried(id) => entries.line.buried(id),
        }
    }

    /// Records nobody has answered: given up, also for good, or waiting. They have no effects.
    pub fn unanswered(&self) -> HashSet<Uuid> {
        let settled: HashSet<Uuid> =
            self.keys.values().flat_map(|entries| entries.line.all_settled()).collect();
        let waiting = self.keys.values().flat_map(|entries| entries.line.open().map(|(id, _)| id));
        let open = waiting.chain(self.letters.iter().copied()).filter(|id| !settled.contains(id));
        open.chain(self.discarded.iter().copied()).collect()
    }

    /// The letters that are settled, and the lines there are, given the partitions of `.retry` and of `.waiting`.
    pub fn close(&self, partitions: (i32, i32)) -> (Vec<Uuid>, Vec<Restored>) {
        let settled = self.keys.values().flat_map(|entries| entries.line.all_settled());
        let settled = settled.filter(|id| self.letters.contains(id)).collect();
        let lines = self.keys.iter().filter_map(|(key, entries)| self.line(key, entries, partitions));
        (settled, lines.collect())
    }

    /// The first unsettled letter blocks; without one, its successors can move.
    fn line(&self, key: &[u8], entries: &Entries, partitions: (i32, i32)) -> Option<Restored> {
        let line = &entries.line;
        let blocker = entries.letters.iter().copied().find(|id| !line.is_settled(*id));
        let waits: Vec<Uuid> = line.open().map(|(id, _)| id).filter(|id| Some(*id) != blocker).collect();
        if blocker.is_none() && waits.is_empty() {
            return None;
        }
        let end = self.ends.get(&partition_of(key, partitions.1)).copied().unwrap_or_default();
        let (key, partition) = (key.to_vec(), partition_of(key, partitions.0));
        Some(Restored {
            line: Picked { key, partition, blocker, from: entries.from().unwrap_or(end) },
            waits,
        })
    }
}

/// Writes what the book says into a state that is being built.
///
/// # Errors
/// As a script's.
pub(crate) async fn restore(
    book: &Book,
    partitions: (i32, i32),
    limits: Limits,
    state: &State,
    now: Timestamp,
) -> Result<usize, Fault> {
    let lines = Lines { state: state.clone(), limits };
    let (settled, restored) = book.close(partitions);
    for ids in settled.chunks(CHUNK) {
        lines.restore(ids, &[], now).await?;
    }
    for some in restored.chunks(CHUNK) {
        lines.restore(&[], some, now).await?;
    }
    Ok(restored.len())
}
