//! The index in memory: what the lines of the ledger say, and which keys were used.
//!
//! It is rebuilt from the file at the start and holds every line: about two kilobytes for each.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::fate::Fate;
use crate::faults::FaultSettings;
use crate::ledger::Record;
use crate::reply::{Refusal, Reply};

/// A simulator's decisions: what its lines mean, and how its answers look.
pub trait Simulator: Send + 'static {
    /// What a line says.
    type Entry: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Its fault switches.
    type Faults: FaultSettings;

    /// Takes a line into account. Called once per line, in order, at the start and while running.
    fn apply(&mut self, record: &Arc<Record<Self::Entry>>);

    /// The answer to the request that caused this line; the same whenever it is asked for.
    fn answer(record: &Record<Self::Entry>) -> Reply;

    /// Whether this line is an effect outside whose answer may be withheld.
    fn is_effect(entry: &Self::Entry) -> bool;

    /// The answer to a request that got no decision.
    fn refuse(refusal: &Refusal) -> Reply;
}

/// What a decision rests on besides the request.
#[derive(Debug)]
pub struct Moment {
    /// The time now.
    pub now: Timestamp,
    /// The number the line will have.
    pub sequence: u64,
    /// Whether the fault switches refuse the effect.
    pub declined: bool,
    /// Whether they have the customer asked about it first.
    pub asked: bool,
    /// Whether they have it made for another amount.
    pub mistaken: bool,
}

impl Moment {
    /// An id that no other line of any ledger has: `prefix_` and 32 hex digits.
    #[must_use]
    pub fn id(&self, prefix: &str, owner: &str) -> String {
        let name = format!("{prefix}\n{owner}\n{}\n{}", self.sequence, self.now);
        format!("{prefix}_{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple())
    }
}

/// What a simulator decides.
pub enum Decision<E> {
    /// Something happened: it gets a line, and the answer is that line's.
    Record(E),
    /// Nothing happened.
    Answer(Reply),
}

/// Who asked for a change, as far as repeats are concerned.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The idempotency key, if the change has one.
    pub key: Option<String>,
    /// The hash of the request.
    pub request: Uuid,
}

/// An answer, and the line that must be durable before it goes out.
pub struct Answered {
    /// The answer.
    pub reply: Reply,
    /// The last line it rests on.
    pub rests_on: u64,
    /// It was kept from the first time.
    pub replayed: bool,
    /// This request made an effect.
    pub effect: bool,
}

/// An answer, with the new line it rests on if there is one.
pub type Changed<E> = (Answered, Option<Arc<Record<E>>>);

/// The lines so far, and what follows from them.
pub struct Book<S: Simulator> {
    simulator: S,
    records: Vec<Arc<Record<S::Entry>>>,
    keys: HashMap<String, usize>,
    key_life: SignedDuration,
}

impl<S: Simulator> Book<S> {
    /// Takes in the lines of a file. A key is forgotten `key_life` after its line.
    pub fn new(simulator: S, records: Vec<Record<S::Entry>>, key_life: SignedDuration) -> Self {
        let mut book = Self { simulator, records: Vec::new(), keys: HashMap::new(), key_life };
        for record in records {
            book.take(record);
        }
        book
    }

    /// The decisions' view of the lines.
    #[must_use]
    pub fn simulator(&self) -> &S {
        &self.simulator
    }

    /// All lines, in order.
    #[must_use]
    pub fn records(&self) -> &[Arc<Record<S::Entry>>] {
        &self.records
    }

    /// The number of the last line, 0 when there is none.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.records.len() as u64
    }

    /// Answers a change: from the line of its key, or by a new decision. A new line is also in the
    /// result, to be written.
    ///
    /// # Errors
    /// [`Refusal::KeyReused`] when the key belongs to another request.
    pub fn change(
        &mut self,
        asker: Asker,
        now: Timestamp,
        fate: &Fate,
        decide: impl FnOnce(&S, &Moment) -> Decision<S::Entry>,
    ) -> Result<Changed<S::Entry>, Refusal> {
        if let Some(kept) = self.kept(asker.key.as_deref(), now).filter(|_| !fate.forgets_key) {
            if kept.request != Some(asker.request) {
                return Err(Refusal::KeyReused);
            }
            let (reply, rests_on) = (S::answer(kept), kept.sequence);
            return Ok((Answered { reply, rests_on, replayed: true, effect: false }, None));
        }
        let Fate { declined, asked, mistaken, .. } = *fate;
        let moment = Moment { now, sequence: self.last_sequence() + 1, declined, asked, mistaken };
        Ok(match decide(&self.simulator, &moment) {
            Decision::Answer(reply) => {
                let rests_on = self.last_sequence();
                (Answered { reply, rests_on, replayed: false, effect: false }, None)
            }
            Decision::Record(entry) => {
                let record = self.take(Record {
                    sequence: moment.sequence,
                    at: now,
                    request: asker.key.is_some().then_some(asker.request),
                    idempotency_key: asker.key,
                    entry,
                });
                let (reply, rests_on) = (S::answer(&record), record.sequence);
                let effect = S::is_effect(&record.entry);
                (Answered { reply, rests_on, replayed: false, effect }, Some(record))
            }
        })
    }

    fn kept(&self, key: Option<&str>, now: Timestamp) -> Option<&Record<S::Entry>> {
        let record = self.records.get(*self.keys.get(key?)?)?;
        (now.duration_since(record.at) < self.key_life).then_some(record.as_ref())
    }

    fn take(&mut self, record: Record<S::Entry>) -> Arc<Record<S::Entry>> {
        let record = Arc::new(record);
        if let Some(key) = &record.idempotency_key {
            self.keys.insert(key.clone(), self.records.len());
        }
        self.simulator.apply(&record);
        self.records.push(record.clone());
        record
    }
}
