//! `<group>.waiting` as a journal: for each key, which records wait, which are answered, and which were given up.

use std::collections::BTreeSet;

use rdkafka::message::{Header, Headers, OwnedHeaders};
use uuid::Uuid;

use crate::runtime::original::last;

/// On a record without a value: the record with this id is answered.
pub const SETTLED: &str = "orderflow-settled";
/// On a record without a value: the record with this id was given up for good, and blocks its key no longer.
pub const DISCARDED: &str = "orderflow-discarded";
/// On a record without a value: the waiting record with this id was given up, and blocks its key from now on.
pub const BURIED: &str = "orderflow-buried";

/// What a record of the journal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// It waits itself.
    Waits,
    /// The record with this id is answered.
    Settled(Uuid),
    /// The record with this id was given up for good: for its line that is an answer.
    Discarded(Uuid),
    /// The waiting record with this id was given up.
    Buried(Uuid),
}

impl Note {
    /// What a record with these headers says.
    pub fn of<H: Headers>(headers: Option<&H>) -> Self {
        let id = |name| {
            let value = last(headers?, name)?;
            Uuid::parse_str(std::str::from_utf8(value).ok()?).ok()
        };
        let settled = id(SETTLED).map(Self::Settled).or_else(|| id(DISCARDED).map(Self::Discarded));
        settled.or_else(|| id(BURIED).map(Self::Buried)).unwrap_or(Self::Waits)
    }

    /// The headers that say it.
    pub(crate) fn headers(self) -> OwnedHeaders {
        let (key, id) = match self {
            Self::Waits => return OwnedHeaders::new(),
            Self::Settled(id) => (SETTLED, id),
            Self::Discarded(id) => (DISCARDED, id),
            Self::Buried(id) => (BURIED, id),
        };
        OwnedHeaders::new().insert(Header { key, value: Some(&id.to_string()) })
    }
}

/// The line of one key, as far as the journal has been read.
#[derive(Debug)]
pub(crate) struct Line<R> {
    /// Who has come to wait, in order; each once.
    waiting: Vec<(Uuid, R)>,
    known: BTreeSet<Uuid>,
    settled: BTreeSet<Uuid>,
    buried: BTreeSet<Uuid>,
}

/// What is to be done with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'l, R> {
    /// This record is the next to be handled.
    Handle(Uuid, &'l R),
    /// It waits for this record, which was given up.
    Stopped(Uuid),
    /// It waits for something the journal does not tell of yet.
    Unknown,
    /// Nobody waits.
    Empty,
}

impl<R> Default for Line<R> {
    fn default() -> Self {
        let none = BTreeSet::new();
        Self { waiting: Vec::new(), known: none.clone(), settled: none.clone(), buried: none }
    }
}

impl<R> Line<R> {
    /// A record that waits. One that has waited before keeps its place.
    pub fn waits(&mut self, id: Uuid, record: R) {
        self.buried.remove(&id);
        if self.known.insert(id) {
            self.waiting.push((id, record));
        }
    }

    pub fn settled(&mut self, id: Uuid) {
        self.settled.insert(id);
    }

    pub fn buried(&mut self, id: Uuid) {
        self.buried.insert(id);
    }

    /// Every record known to be answered.
    pub fn all_settled(&self) -> impl Iterator<Item = Uuid> {
        self.settled.iter().copied()
    }

    pub fn is_settled(&self, id: Uuid) -> bool {
        self.settled.contains(&id)
    }

    /// Who waits, in order.
    pub fn open(&self) -> impl Iterator<Item = (Uuid, &R)> {
        self.waiting.iter().filter(|(id, _)| !self.settled.contains(id)).map(|(id, record)| (*id, record))
    }

    /// The records that can be handled now, one after the other, while `blocker` is known to block; none when the line
    /// has stopped, or waits for something the journal does not tell of.
    pub fn ready(&self, blocker: Option<Uuid>) -> impl Iterator<Item = &R> {
        let first = match self.next(blocker) {
            Next::Handle(id, _) => Some(id),
            Next::Stopped(_) | Next::Unknown | Next::Empty => None,
        };
        let (first, others) =
            self.open().filter(move |_| first.is_some()).partition::<Vec<_>, _>(|(id, _)| Some(*id) == first);
        let ready = first.into_iter().chain(others).take_while(|(id, _)| !self.buried.contains(id));
        ready.map(|(_, record)| record)
    }

    /// What is to be done, while `blocker` is known to block.
    pub fn next(&self, blocker: Option<Uuid>) -> Next<'_, R> {
        let blocker = blocker.filter(|id| !self.settled.contains(id));
        let first = match blocker {
            // Wherever it stands, it comes first.
            Some(blocker) if self.known.contains(&blocker) => self.open().find(|(id, _)| *id == blocker),
            Some(blocker) if self.buried.contains(&blocker) => return Next::Stopped(blocker),
            // A letter from a topic itself, or one of a batch that was taken back.
            Some(_) => return Next::Unknown,
            None => self.open().next(),
        };
        match first {
            Some((id, _)) if self.buried.contains(&id) => Next::Stopped(id),
            Some((id, record)) => Next::Handle(id, record),
            None => Next::Empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn a_note_comes_back_from_its_headers() {
        for note in [Note::Settled(id(1)), Note::Discarded(id(3)), Note::Buried(id(2))] {
            assert_eq!(Note::of(Some(&note.headers())), note);
        }
        assert_eq!(Note::of(Some(&OwnedHeaders::new())), Note::Waits);
        assert_eq!(Note::of(None::<&OwnedHeaders>), Note::Waits);
    }

    #[test]
    fn a_line_moves_in_order_once_its_blocker_is_settled() {
        let mut line = Line::default();
        line.waits(id(2), "second");
        line.waits(id(3), "third");
        assert_eq!(line.next(Some(id(1))), Next::Unknown, "the first is not settled");
        line.settled(id(1));
        assert_eq!(line.next(Some(id(1))), Next::Handle(id(2), &"second"));
        line.settled(id(2));
        assert_eq!(line.next(None), Next::Handle(id(3), &"third"));
        line.waits(id(2), "a repeat of the second");
        line.settled(id(3));
        assert_eq!(line.next(None), Next::Empty);
    }

    #[test]
    fn a_line_stops_behind_a_record_that_was_given_up_and_goes_on_once_it_is_settled() {
        let mut line = Line::default();
        line.waits(id(2), "second");
        line.waits(id(3), "third");
        line.settled(id(1));
        line.buried(id(2));
        assert_eq!(line.next(Some(id(2))), Next::Stopped(id(2)));
        assert_eq!(line.next(None), Next::Stopped(id(2)), "also when Redis does not know yet");
        line.settled(id(2));
        assert_eq!(line.next(Some(id(2))), Next::Handle(id(3), &"third"));
    }

    #[test]
    fn a_record_whose_burial_was_taken_back_is_handled_again() {
        let mut line = Line::default();
        line.settled(id(1));
        line.waits(id(2), "second");
        assert_eq!(line.next(Some(id(2))), Next::Handle(id(2), &"second"));
    }
}
