//! Who of a batch must wait: asked before its steps are, and noted before anything of it is produced.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use rdkafka::Message;
use tracing::warn;
use uuid::Uuid;

use super::{
    Ended, Standing,
    journal::Note,
    lines::{Asked, Change, Move, Noted},
};
use crate::{
    fault::Fault,
    faults::{Plant, planted},
    metrics,
    runtime::{
        batch::Raw,
        engine::Engine,
        original,
        turn::{Item, Settled},
        writer::Outgoing,
    },
};

/// How long a record for which there is no place holds its partition before it is looked for again.
const NO_PLACE: Duration = Duration::from_secs(5);

impl Engine {
    /// Asks how the records stand to the lines of their keys: only while something may be blocked, and for those that
    /// are to be handled again.
    pub(in crate::runtime) fn line_up(&mut self, items: &mut [Item<'_>]) -> Result<(), Fault> {
        let waiting = &self.waiting;
        let asked = |item: &&mut Item<'_>| {
            waiting.is_again(item.raw) || (waiting.may_block && !waiting.key(item.raw).is_empty())
        };
        let mut some: Vec<&mut Item<'_>> = items.iter_mut().filter(asked).collect();
        if some.is_empty() || planted(Plant::Overtaking) {
            return Ok(());
        }
        let mut questions: Vec<Asked<'_>> = Vec::with_capacity(some.len());
        for item in &some {
            let key = self.waiting.key(item.raw);
            let (partition, _) = self.partitions_of(key)?;
            let again = self.waiting.is_again(item.raw);
            questions.push(Asked { key, id: item.raw.id(), partition, again });
        }
        let standings = self.handle.block_on(self.waiting.lines.check(&questions))?;
        for (item, standing) in some.iter_mut().zip(standings) {
            // What no step is for has nothing to wait for.
            let passes = standing == Standing::Behind && item.skipped;
            item.standing = if passes { Standing::Free } else { standing };
        }
        Ok(())
    }

    /// Has the records of a round wait whose key a record of an earlier round blocks, and leaves out those that an
    /// earlier round has answered already.
    pub(in crate::runtime) fn fall_in(&self, items: &mut [Item<'_>], round: usize, settled: &Settled) {
        let before = |item: &&Item<'_>| item.round < round && !settled.is_held(item.raw);
        let letters = items.iter().filter(before).filter(|item| item.is_letter());
        let blocked: HashSet<&[u8]> = letters.map(|item| self.waiting.key(item.raw)).collect();
        let again = items.iter().filter(before).filter(|item| self.is_settled_by(item));
        let done: HashSet<Uuid> = again.map(|item| item.raw.id()).collect();
        if blocked.is_empty() && done.is_empty() {
            return;
        }
        for item in items.iter_mut().filter(|item| item.round == round && !item.skipped) {
            let key = self.waiting.key(item.raw);
            if !done.is_empty() && done.contains(&item.raw.id()) {
                item.standing = Standing::Done;
            } else if !key.is_empty() && blocked.contains(key) && item.standing != Standing::Done {
                item.standing = Standing::Behind;
            }
        }
    }

    /// Whether the journal is to say that this record is answered.
    fn is_settled_by(&self, item: &Item<'_>) -> bool {
        let for_that = item.standing == Standing::Blocker
            || (item.standing == Standing::Free && self.waiting.is_again(item.raw));
        for_that && matches!(item.answer, Some(Ok(_)))
    }

    /// Notes who blocks, who waits and who may be settled, before it is produced. A record for which there is no place
    /// holds its partition: order is never broken.
    pub(in crate::runtime) fn keep_order(
        &mut self,
        items: &mut [Item<'_>],
        settled: &mut Settled,
    ) -> Result<(), Fault> {
        let mut moves: Vec<Move<'_>> = Vec::new();
        let mut moved: Vec<usize> = Vec::new();
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !settled.is_held(item.raw)) {
            let key = self.waiting.key(item.raw);
            let change = match item.standing {
                _ if key.is_empty() => None,
                Standing::Behind => Some(Change::Wait),
                _ if item.is_letter() => Some(Change::Block),
                _ => self.is_settled_by(item).then_some(Change::Settle),
            };
            let Some(change) = change else { continue };
            let (partition, journal) = self.partitions_of(key)?;
            let name = self.names.topic(self.waiting.topics.waiting);
            let from = self.waiting.end(&self.consumer, &name, journal)?;
            moves.push(Move { change, key, id: item.raw.id(), partition, from });
            moved.push(index);
        }
        if moves.is_empty() {
            return Ok(());
        }
        self.waiting.may_block = true;
        let noted = self.handle.block_on(self.waiting.lines.apply(&moves, self.clock.now()))?;
        for (index, noted) in moved.into_iter().zip(noted) {
            match noted {
                Noted::Yes => {}
                Noted::Waits => items[index].standing = Standing::Behind,
                Noted::Full => self.refuse(items[index].raw, settled),
            }
        }
        Ok(())
    }

    /// Holds a record for which there is no place.
    fn refuse(&mut self, raw: &Raw, settled: &mut Settled) {
        let message =
            "so many records wait behind dead letters that there is no place for another: redrive them";
        let fault = Fault::transient("waiting_full", message).excused(NO_PLACE);
        warn!(code = fault.code(), %fault, topic = %raw.place.topic, partition = raw.place.partition,
            offset = raw.place.offset, correlation_id = raw.correlation_id(), trace_id = raw.trace_id(), "held");
        self.health.concern("waiting", fault.to_string());
        ::metrics::gauge!(metrics::WAITING_FULL).set(1.0);
        self.waiting.refused = Some(Instant::now());
        self.held.excuse(&raw.place, NO_PLACE);
        settled.hold(&raw.place);
    }

    /// The record as it goes to the journal: as it came, with the place where it first stood.
    pub(in crate::runtime) fn to_wait(&self, raw: &Raw) -> Outgoing {
        ::metrics::counter!(metrics::WAITING, "messaging_destination_name" => raw.origin.topic.name())
            .increment(1);
        let headers = original::stamp(raw.headers_as_it_came(), &raw.origin, &self.names);
        let headers = raw.carry(original::count(headers, raw.attempts_before()), true);
        Outgoing {
            topic: self.names.topic(self.waiting.topics.waiting),
            key: raw.message.key().map(<[u8]>::to_vec),
            value: raw.message.payload().map(<[u8]>::to_vec),
            headers: Some(headers),
            span: None,
            tallies: Vec::new(),
        }
    }

    /// A note in the journal about the record `raw`.
    pub(super) fn note(&self, raw: &Raw, note: Note) -> Outgoing {
        Outgoing {
            topic: self.names.topic(self.waiting.topics.waiting),
            key: raw.message.key().map(<[u8]>::to_vec),
            value: None,
            headers: Some(note.headers()),
            span: None,
            tallies: Vec::new(),
        }
    }

    /// Has the journal say, in the transaction of its answer, that a record is answered.
    pub(in crate::runtime) fn settle(&mut self, raw: &Raw, settled: &mut Settled) -> Result<(), Fault> {
        let id = raw.id();
        settled.records.push(self.note(raw, answered(raw)));
        let key = self.waiting.key(raw);
        let (partition, _) = self.partitions_of(key)?;
        settled.ended.push(Ended { key: key.to_vec(), partition, settled: vec![id], stopped: None });
        Ok(())
    }

    /// Tells Redis what the journal now says. Whatever goes wrong here, the next drain finds it in the journal.
    pub(in crate::runtime) fn confirm(&mut self, ended: &[Ended]) -> Result<(), Fault> {
        if ended.is_empty() {
            return Ok(());
        }
        let count: usize = ended.iter().map(|line| line.settled.len()).sum();
        ::metrics::counter!(metrics::SETTLED).increment(count as u64);
        let left = self.handle.block_on(self.waiting.lines.finish(ended))?;
        self.waiting.due |= left.iter().any(|left| *left > 0);
        Ok(())
    }
}

/// What the journal says of a record once it is answered, or given up for good.
pub(super) fn answered(raw: &Raw) -> Note {
    if raw.is_discarded() { Note::Discarded(raw.id()) } else { Note::Settled(raw.id()) }
}
