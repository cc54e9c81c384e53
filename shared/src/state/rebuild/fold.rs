//! What a rebuild is of: how a service's state follows from the log.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use tracing::warn;

use crate::{
    codec::Codec,
    envelope::Envelope,
    events::Record,
    fault::{Consequence, Fault},
    runtime::{OnWire, put_aside::PutAside},
    state::State,
    step::Origin,
    topics::Topic,
};

/// How a service's state follows from the log.
#[async_trait]
pub trait Fold: Send + Sync + 'static {
    /// What is read, from its beginning to its end: the service's own outputs, and what else its README names. Of inputs
    /// only what was handled is fed: neither what the group has still to read nor what waits or was given up.
    fn sources(&self) -> Vec<Topic>;

    /// Puts a batch of logged records into `state`, which is under construction; calls scripts on it as usual.
    /// Idempotent by event id; in offset order per partition, in no order across partitions and topics.
    ///
    /// # Errors
    /// Any fault stops the rebuild, which is then tried again from the start.
    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault>;

    /// For how long what a record says is kept in the state; older records are not fed. Nothing: each counts for ever, or
    /// the fold itself knows.
    fn life(&self) -> Option<SignedDuration> {
        None
    }

    /// Called before the records of a source are fed, with the first offset that is left of each of its partitions: for a
    /// state to which every record counts, and which must not be made from a part of them.
    ///
    /// # Errors
    /// `Fatal` when records are gone that nothing makes up for.
    async fn begins(&self, _: &State, _: Topic, _: &BTreeMap<i32, i64>) -> Result<(), Fault> {
        Ok(())
    }

    /// How the state is laid out in Redis. A generation of another layout counts as lost, and is built anew: so raise it when
    /// an earlier version's keys can no longer be read.
    fn layout(&self) -> u32 {
        1
    }

    /// What of the state does not follow from the log, so that nobody who compares the two takes it for damage.
    fn beyond_the_log(&self) -> &'static [Beyond] {
        &[]
    }
}

/// Keys of which something does not follow from the log.
#[derive(Debug, Clone, Copy)]
pub struct Beyond {
    /// How their names begin, below the generation; the whole name of a single key.
    pub keys: &'static str,
    /// What of them.
    pub what: What,
}

/// What of a key does not follow from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// All of it.
    All,
    /// This field of a hash.
    Field(&'static str),
    /// In this field, which is JSON, this member.
    Member(&'static str, &'static str),
    /// That it is there: Redis may have keys of which the log knows nothing, but not other ones.
    Surplus,
    /// The first word of each field: the sequence in which records came.
    FirstWord,
}

/// How far a rebuild is.
#[derive(Debug, Default)]
pub struct Progress {
    folded: AtomicU64,
    expected: AtomicU64,
}

impl Progress {
    /// Records that were read.
    #[must_use]
    pub fn folded(&self) -> u64 {
        self.folded.load(Ordering::Relaxed)
    }

    /// How many there were to be read when it began, a few more for the marks of transactions.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    pub(crate) fn expect(&self, records: u64) {
        self.expected.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, records: u64) {
        self.folded.fetch_add(records, Ordering::Relaxed);
    }
}

/// A record of the log, not yet decoded.
#[derive(Debug)]
pub struct Logged<'a> {
    /// Who, when and why.
    pub envelope: Envelope,
    /// Where it stands.
    pub origin: Origin,
    pub(crate) full_name: String,
    pub(crate) record: OnWire<'a>,
    pub(crate) codec: &'a Codec,
}

impl Logged<'_> {
    /// The record, when it is of this type and can be read: one that cannot has left no state, whoever has put it there,
    /// and a rebuild that it stopped would never end.
    ///
    /// # Errors
    /// Those of other consequences than `Poison`.
    pub fn read<R: Record>(&self) -> Result<Option<R>, Fault> {
        if self.full_name != R::full_name() {
            return Ok(None);
        }
        readable(self, self.codec.decode(self.record.value()).map(Some))
    }

    /// What a group on the path has put aside, when it is that.
    ///
    /// # Errors
    /// `Poison` when it cannot be read.
    pub fn put_aside(&self) -> Result<Option<PutAside>, Fault> {
        if !self.origin.topic.is_of_a_group() {
            return Ok(None);
        }
        PutAside::of(&self.record).map(Some)
    }
}

/// What was read of a record; one that cannot be read was a dead letter then, and must not stop a rebuild now.
///
/// # Errors
/// Those of other consequences than `Poison`.
pub fn readable<T>(logged: &Logged<'_>, read: Result<Option<T>, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Err(fault) if fault.consequence() == Consequence::Poison => {
            warn!(code = fault.code(), %fault, topic = %logged.origin.topic, "passed over in a rebuild");
            Ok(None)
        }
        read => read,
    }
}
