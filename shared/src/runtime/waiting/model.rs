//! A model of one order behind its dead letters: whatever the interleaving of reading, redriving, draining, crashing and
//! forgetting, its records are answered in order, each, and each once.
//!
//! The log is four lists; Redis is the scripts' [`Twin`]. What is decided with is the real thing: [`Line`], [`Book`] and
//! the scripts' rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
use uuid::Uuid;

use super::{
    Ended, Limits, Standing,
    journal::{Line, Next, Note},
    lines::{Asked, Change, Move, Noted},
    restore::Book,
    twin::Twin,
};
use crate::{
    runtime::batch::{Raw, Urgency},
    step::Origin,
    topics::{GroupTopics, ORDERS, Topic},
};

const KEY: &[u8] = b"order";
const LIMITS: Limits = Limits { waiting: 3, blocked: 1 };
const RECORDS: usize = 6;

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Committed,
    /// Nothing of it is on the log.
    TakenBack,
    /// All of it is on the log, and the instance dies before it can tell Redis.
    Cut,
    /// At least once only: what it wrote is on the log, the offset is not.
    Repeated,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// The next record of the topic, or of `.retry`.
    Read(Fate),
    Again(Fate),
    Drain(Fate),
    /// An operator: every dead letter, settled or not.
    Redrive,
    /// From now on this record fails, or no longer.
    Breaks(usize, bool),
    /// Redis loses everything, and is made again from the log.
    Forget,
}

#[derive(Debug, Default)]
struct Shop {
    // The log.
    read: usize,
    retry: Vec<Uuid>,
    retried: usize,
    letters: Vec<Uuid>,
    journal: Vec<(Note, Uuid)>,
    answered: Vec<Uuid>,
    // Redis.
    twin: Twin,
    /// Records that fail.
    broken: BTreeSet<Uuid>,
}

/// What a batch writes.
#[derive(Debug, Default)]
struct Batch {
    letters: Vec<Uuid>,
    journal: Vec<(Note, Uuid)>,
    answered: Vec<Uuid>,
    ended: Option<Ended>,
}

fn record(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

fn ended(settled: Vec<Uuid>, stopped: Option<Uuid>) -> Ended {
    Ended { key: KEY.to_vec(), partition: 0, settled, stopped }
}

impl Shop {
    fn act(&mut self, act: Act) {
        match act {
            Act::Read(fate) if self.read < RECORDS => {
                if let Some(batch) = self.handle(record(self.read), false) {
                    self.read += usize::from(self.write(batch, fate));
                }
            }
            Act::Again(fate) if self.retried < self.retry.len() => {
                if let Some(batch) = self.handle(self.retry[self.retried], true) {
                    self.retried += usize::from(self.write(batch, fate));
                }
            }
            Act::Drain(fate) => self.drain(fate),
            Act::Redrive => self.retry.extend(&self.letters),
            Act::Breaks(number, broken) => {
                let changed =
                    if broken { BTreeSet::insert } else { |set: &mut BTreeSet<Uuid>, id| set.remove(&id) };
                changed(&mut self.broken, record(number));
            }
            Act::Forget => self.forget(),
            Act::Read(_) | Act::Again(_) => {}
        }
    }

    /// One record of a topic; nothing when there is no place for it.
    fn handle(&mut self, id: Uuid, again: bool) -> Option<Batch> {
        let mut batch = Batch::default();
        let standing = self.twin.check(&Asked { key: KEY, id, partition: 0, again });
        let fails = self.broken.contains(&id);
        let change = match standing {
            Standing::Done => return Some(batch),
            Standing::Behind => Some(Change::Wait),
            Standing::Free | Standing::Blocker if fails => Some(Change::Block),
            Standing::Blocker => Some(Change::Settle),
            Standing::Free => again.then_some(Change::Settle),
        };
        let noted = change.map(|change| self.apply(change, id));
        match (change, noted) {
            (_, Some(Noted::Full)) => return None,
            (_, Some(Noted::Waits)) => batch.journal.push((Note::Waits, id)),
            (Some(Change::Block), _) => batch.letters.push(id),
            (change, _) => {
                batch.answered.push(id);
                if change == Some(Change::Settle) {
                    batch.journal.push((Note::Settled(id), id));
                    batch.ended = Some(ended(vec![id], None));
                }
            }
        }
        Some(batch)
    }

    /// A bit of draining: the first record that can be handled.
    fn drain(&mut self, fate: Fate) {
        if !self.twin.drains.contains(&(0, KEY.to_vec())) {
            return;
        }
        let Some(blocked) = self.twin.lines.get(KEY).cloned() else { return };
        let mut line = Line::default();
        for (note, id) in self.journal.iter().skip(usize::try_from(blocked.from).unwrap()) {
            match note {
                Note::Waits => line.waits(*id, *id),
                Note::Settled(id) | Note::Discarded(id) => line.settled(*id),
                Note::Buried(id) => line.buried(*id),
            }
        }
        let stopped = match line.next(blocked.blocker) {
            Next::Stopped(id) => Some(id),
            _ => None,
        };
        self.twin.finish(&ended(line.all_settled().collect(), stopped));
        let Next::Handle(id, _) = line.next(blocked.blocker) else { return };
        let mut batch = Batch::default();
        if self.broken.contains(&id) {
            self.apply(Change::Bury, id);
            batch.letters.push(id);
            batch.journal.push((Note::Buried(id), id));
            batch.ended = Some(ended(vec![], Some(id)));
        } else {
            batch.answered.push(id);
            batch.journal.push((Note::Settled(id), id));
            batch.ended = Some(ended(vec![id], None));
        }
        self.write(batch, if fate == Fate::Repeated { Fate::Cut } else { fate });
    }

    fn apply(&mut self, change: Change, id: Uuid) -> Noted {
        let from = i64::try_from(self.journal.len()).unwrap();
        self.twin.apply(&Move { change, key: KEY, id, partition: 0, from }, LIMITS)
    }

    /// Makes a batch durable, as far as its fate has it; whether its offset is committed.
    fn write(&mut self, batch: Batch, fate: Fate) -> bool {
        if fate == Fate::TakenBack {
            return false;
        }
        self.letters.extend(batch.letters);
        self.journal.extend(batch.journal);
        self.answered.extend(batch.answered);
        if fate == Fate::Committed
            && let Some(ended) = batch.ended
        {
            self.twin.finish(&ended);
        }
        fate != Fate::Repeated
    }

    fn forget(&mut self) {
        self.twin = Twin::default();
        let own = GroupTopics::of("shipping").unwrap();
        let mut book = Book::new(vec![ORDERS]);
        for (offset, id) in self.letters.iter().enumerate() {
            book.letter(&raw(own.dead_letters, offset, Note::Waits, *id));
        }
        for (offset, (note, id)) in self.journal.iter().enumerate() {
            book.journal(&raw(own.waiting, offset, *note, *id));
        }
        let (settled, lines) = book.close((1, 1));
        self.twin.restore(&settled, &lines);
    }

    /// Everything is mended, and everybody does what is to be done, until nothing changes.
    fn settle(&mut self) {
        self.broken.clear();
        for _ in 0..10 * RECORDS {
            self.act(Act::Read(Fate::Committed));
            self.act(Act::Drain(Fate::Committed));
            if self.retried == self.retry.len() {
                self.act(Act::Redrive);
            }
            while self.retried < self.retry.len() {
                let before = self.retried;
                self.act(Act::Again(Fate::Committed));
                if self.retried == before {
                    break;
                }
            }
        }
        (0..RECORDS).for_each(|_| self.act(Act::Drain(Fate::Committed)));
    }
}

fn raw(topic: Topic, offset: usize, note: Note, id: Uuid) -> Raw {
    let place = Origin {
        topic,
        partition: 0,
        offset: i64::try_from(offset).unwrap(),
        timestamp: Timestamp::UNIX_EPOCH,
    };
    let headers = if note == Note::Waits {
        OwnedHeaders::new().insert(Header { key: "ce_id", value: Some(&id.to_string()) })
    } else {
        note.headers()
    };
    let message = OwnedMessage::new(
        None,
        Some(KEY.to_vec()),
        topic.name().to_owned(),
        rdkafka::Timestamp::NotAvailable,
        0,
        place.offset,
        Some(headers),
    );
    Raw { place, origin: Origin { topic: ORDERS, ..place }, message, urgency: Urgency::Now }
}

fn acts(fates: &'static [Fate]) -> impl Strategy<Value = Vec<Act>> {
    let fate = prop::sample::select(fates);
    let act = prop_oneof![
        6 => fate.clone().prop_map(Act::Read),
        4 => fate.clone().prop_map(Act::Again),
        6 => fate.prop_map(Act::Drain),
        2 => Just(Act::Redrive),
        4 => (0..RECORDS, any::<bool>()).prop_map(|(number, broken)| Act::Breaks(number, broken)),
        1 => Just(Act::Forget),
    ];
    vec(act, 0..60)
}

fn play(acts: &[Act]) -> Shop {
    let mut shop = Shop::default();
    acts.iter().for_each(|act| shop.act(*act));
    shop.settle();
    shop
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_answered_once_and_in_order(
        acts in acts(&[Fate::Committed, Fate::Committed, Fate::TakenBack, Fate::Cut]),
    ) {
        let shop = play(&acts);
        let all: Vec<Uuid> = (0..RECORDS).map(record).collect();
        prop_assert_eq!(&shop.answered, &all, "{:?}", shop);
        prop_assert!(shop.twin.lines.is_empty() && shop.twin.drains.is_empty(), "nothing blocks: {:?}", shop);
    }

    #[test]
    fn at_least_once_answers_may_be_repeated_and_stay_in_order(
        acts in acts(&[Fate::Committed, Fate::TakenBack, Fate::Cut, Fate::Repeated]),
    ) {
        let shop = play(&acts);
        let mut first = Vec::new();
        shop.answered.iter().for_each(|id| if !first.contains(id) { first.push(*id) });
        let all: Vec<Uuid> = (0..RECORDS).map(record).collect();
        prop_assert_eq!(first, all, "{:?}", shop);
    }
}

/// Who comes to wait once more after its answer stands in the journal before that answer for whoever reads from behind it.
#[test]
fn a_record_that_waits_again_behind_its_answer_is_not_answered_again_after_a_loss() {
    use Act::{Again, Breaks, Drain, Forget, Read, Redrive};
    use Fate::{Committed, Cut, TakenBack};
    let shop = play(&[
        Breaks(0, true),
        Read(Committed),
        Read(Committed),
        Redrive,
        Breaks(0, false),
        Read(Committed),
        Again(TakenBack),
        Again(Committed),
        Drain(Cut),
        Redrive,
        Read(Committed),
        Again(Committed),
        Drain(Committed),
        Drain(Committed),
        Forget,
    ]);
    assert_eq!(shop.answered, (0..RECORDS).map(record).collect::<Vec<_>>());
}
