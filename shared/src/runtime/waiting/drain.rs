//! The records that wait, handled in order once theirs is settled: read from the journal, answered by the steps as any
//! other, and made durable with the notes that say so and the group's own offsets, so that a member that was thrown out
//! is refused. A bit at a time: the loop goes on polling, and records that come meanwhile join their line.
//!
//! A session takes up some lines, reads the journal to its end and handles what it finds. Whatever interrupts it, the
//! next one begins with what the journal says.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use rdkafka::message::{Message, OwnedMessage};
use tracing::info;
use uuid::Uuid;

use super::{
    Ended, Standing,
    journal::{Line, Next, Note},
    line_up::answered,
    lines::{Change, Move},
    murmur2,
    reader::Reader,
};
use crate::{
    codec::Codec,
    fault::Fault,
    faults,
    runtime::{
        batch::Raw,
        engine::Engine,
        poll::origin,
        turn::{Item, Settled},
    },
    topics::{Names, Topic},
};

/// How long the loop reads the journal before it polls again.
const READ: Duration = Duration::from_millis(20);

/// Lines under way.
pub(super) struct Session {
    reader: Reader,
    lines: HashMap<Vec<u8>, Draining>,
    /// Whether Redis has been told what the journal says.
    told: bool,
    /// Whether any record has got on.
    moved: bool,
}

/// One line under way.
struct Draining {
    /// The key's partition of `.retry`.
    partition: i32,
    blocker: Option<Uuid>,
    line: Line<Raw>,
    /// Its next record is to be tried again later.
    rests: bool,
}

/// What a batch of waiting records has led to, line by line.
#[derive(Default)]
struct Outcome {
    ended: HashMap<Vec<u8>, Ended>,
    /// Records given up, each the new blocker of its line, and where they stand in the journal.
    buried: Vec<(Vec<u8>, Uuid, i64)>,
    /// Up to where each line's own lane is done.
    lanes: Vec<(i32, i64)>,
}

impl Engine {
    /// One bit of work on lines that can move.
    pub(in crate::runtime) fn drain(&mut self) -> Result<(), Fault> {
        self.waiting.session = match self.waiting.session.take() {
            None if self.waiting.due => self.take_up()?,
            None => None,
            Some(session) if !session.reader.is_done() => Some(self.read_on(session)?),
            Some(session) if !session.told => Some(self.tell(session)?),
            Some(session) => self.move_on(session)?,
        };
        Ok(())
    }

    /// Takes up lines of the partitions held, save those whose next record rests.
    fn take_up(&mut self) -> Result<Option<Session>, Fault> {
        self.waiting.due = false;
        let partitions = self.held_lines();
        let picked = self.handle.block_on(self.waiting.lines.pick(&partitions))?;
        let (mut from, mut lines) = (BTreeMap::new(), HashMap::new());
        for one in picked {
            if self.held.is_paused(self.waiting.topics.waiting, murmur2(&one.key)) {
                continue;
            }
            let (_, journal) = self.partitions_of(&one.key)?;
            let first = from.entry(journal).or_insert(one.from);
            *first = one.from.min(*first);
            let (partition, blocker) = (one.partition, one.blocker);
            lines.insert(one.key, Draining { partition, blocker, line: Line::default(), rests: false });
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let topic = self.names.topic(self.waiting.topics.waiting);
        let reader = Reader::begin(&self.waiting.reader, &topic, &from)?;
        Ok(Some(Session { reader, lines, told: false, moved: false }))
    }

    fn read_on(&self, mut session: Session) -> Result<Session, Fault> {
        let Session { reader, lines, .. } = &mut session;
        reader.read(READ, |message| {
            let Some(draining) = message.key().and_then(|key| lines.get_mut(key)) else { return };
            match Note::of(message.headers()) {
                Note::Settled(id) | Note::Discarded(id) => draining.line.settled(id),
                Note::Buried(id) => draining.line.buried(id),
                Note::Waits => {
                    if let Some(raw) = waiting_record(message, &self.names, &self.codec) {
                        draining.line.waits(raw.id(), raw);
                    }
                }
            }
        })?;
        Ok(session)
    }

    /// Tells Redis what the journal says: an earlier drain may have been cut off before it could.
    fn tell(&mut self, mut session: Session) -> Result<Session, Fault> {
        let ended = session.lines.iter().map(|(key, draining)| Ended {
            key: key.clone(),
            partition: draining.partition,
            settled: draining.line.all_settled().collect(),
            stopped: draining.stopped(),
        });
        let ended = ended.collect();
        self.finish(&mut session, ended)?;
        session.told = true;
        Ok(session)
    }

    /// Handles the next records of every line; none are left: the session is over.
    fn move_on(&mut self, mut session: Session) -> Result<Option<Session>, Fault> {
        let mut batch: Vec<&Raw> = Vec::new();
        for draining in session.lines.values().filter(|draining| !draining.rests) {
            if batch.len() < self.pace.limit() {
                batch.extend(draining.next_records());
            }
        }
        if batch.is_empty() {
            // Whoever has joined a line meanwhile is next; without any progress the next look is soon enough.
            self.waiting.due |= session.moved && session.lines.values().any(|draining| !draining.rests);
            return Ok(None);
        }
        let mut settled = Settled::default();
        let outcome = self.handle_waiting(&batch, &mut settled)?;
        if !settled.records.is_empty() {
            settled.offsets = self.state.held_offsets();
            self.make_durable(&[], &mut settled)?;
            faults::point("after_drain");
        }
        for (lane, next) in outcome.lanes {
            self.held.settled(self.waiting.topics.waiting, lane, next);
        }
        for ((topic, lane), offset) in &settled.holds {
            self.held.wait_at(*topic, *lane, *offset);
        }
        for (key, draining) in &mut session.lines {
            draining.rests |= settled.holds.contains_key(&(self.waiting.topics.waiting, murmur2(key)));
            let Some(ended) = outcome.ended.get(key) else { continue };
            ended.settled.iter().for_each(|id| draining.line.settled(*id));
        }
        session.moved |= !outcome.ended.is_empty();
        self.finish(&mut session, outcome.ended.into_values().collect())?;
        Ok(Some(session))
    }

    /// Tells Redis what is in the journal, and leaves lines alone in which nobody waits or that have stopped again.
    fn finish(&mut self, session: &mut Session, ended: Vec<Ended>) -> Result<(), Fault> {
        let count: usize = ended.iter().map(|line| line.settled.len()).sum();
        let left = self.handle.block_on(self.waiting.lines.finish(&ended))?;
        ::metrics::counter!(crate::metrics::SETTLED).increment(if session.told { count as u64 } else { 0 });
        for (line, left) in ended.into_iter().zip(left) {
            let blocks = |draining: &Draining| {
                draining.blocker.is_some_and(|blocker| !draining.line.is_settled(blocker))
            };
            let over = left == 0 && session.lines.get(&line.key).is_none_or(|draining| !blocks(draining));
            if line.stopped.is_some() || over {
                session.lines.remove(&line.key);
            }
        }
        Ok(())
    }

    /// Has the steps answer waiting records, each key's in order: behind one that is given up or held, the rest waits on.
    fn handle_waiting(&mut self, batch: &[&Raw], settled: &mut Settled) -> Result<Outcome, Fault> {
        let mut items = self.sort(batch.iter().copied(), settled)?;
        self.in_rounds(&mut items, settled, Self::stop_behind)?;
        let mut outcome = Outcome::default();
        for item in items {
            if item.standing == Standing::Free && !settled.is_held(item.raw) {
                self.collect_waiting(item, settled, &mut outcome)?;
            }
        }
        let mut moves = Vec::new();
        for (key, id, from) in &outcome.buried {
            let (partition, _) = self.partitions_of(key)?;
            moves.push(Move { change: Change::Bury, key, id: *id, partition, from: *from });
        }
        if !moves.is_empty() {
            self.handle.block_on(self.waiting.lines.apply(&moves, self.clock.now()))?;
        }
        Ok(outcome)
    }

    fn stop_behind(&self, items: &mut [Item<'_>], round: usize, settled: &Settled) {
        let goes_on = |item: &Item<'_>| {
            item.standing == Standing::Free
                && matches!(item.answer, Some(Ok(_)))
                && !settled.is_held(item.raw)
        };
        let stopped = items.iter().filter(|item| item.round < round && !goes_on(item));
        let stopped: HashSet<&[u8]> = stopped.map(|item| item.raw.key()).collect();
        for item in items.iter_mut().filter(|item| item.round == round && stopped.contains(item.raw.key())) {
            item.standing = Standing::Behind;
        }
    }

    fn collect_waiting(
        &mut self,
        item: Item<'_>,
        settled: &mut Settled,
        outcome: &mut Outcome,
    ) -> Result<(), Fault> {
        let (raw, id, key) = (item.raw, item.raw.id(), item.raw.key().to_vec());
        let Some(answer) = item.answer else { return Ok(()) };
        let (partition, _) = self.partitions_of(&key)?;
        let none = || Ended { key: key.clone(), partition, settled: Vec::new(), stopped: None };
        let ended = outcome.ended.entry(key.clone()).or_insert_with(none);
        match answer {
            Ok(events) => {
                settled.records.extend(events.into_iter().map(|event| self.outgoing(event)));
                settled.records.push(self.note(raw, answered(raw)));
                ended.settled.push(id);
            }
            Err(fault) => {
                settled.records.push(self.letter(raw, &fault, item.tried, item.span.as_ref()));
                settled.records.push(self.note(raw, Note::Buried(id)));
                ended.stopped = Some(id);
                info!(%id, "the line stops behind it again");
                outcome.buried.push((key, id, raw.place.offset));
            }
        }
        outcome.lanes.push((raw.place.partition, raw.place.offset + 1));
        Ok(())
    }
}

impl Draining {
    /// The records to be handled next, in order.
    fn next_records(&self) -> impl Iterator<Item = &Raw> {
        self.line.ready(self.blocker)
    }

    /// The record it has stopped behind.
    fn stopped(&self) -> Option<Uuid> {
        match self.line.next(self.blocker) {
            Next::Stopped(id) => Some(id),
            Next::Handle(..) | Next::Unknown | Next::Empty => None,
        }
    }
}

/// A waiting record off the journal. In a drain each key is a lane of its own: one that is held holds no other.
fn waiting_record(message: OwnedMessage, names: &Names, codec: &Codec) -> Option<Raw> {
    let mut place = origin(&message, names)?;
    place.partition = murmur2(message.key().unwrap_or_default());
    let by_schema = topic_of(message.payload().unwrap_or_default(), codec);
    Some(Raw::again(place, message, names, by_schema))
}

/// The topic a record's schema belongs to.
pub(in crate::runtime) fn topic_of(value: &[u8], codec: &Codec) -> Option<Topic> {
    let (_, known) = codec.identify(value).ok()?;
    let (topic, _) = known.full_name.strip_prefix("orderflow.")?.rsplit_once('.')?;
    Names::default().logical(topic)
}
