//! Deadlines: what is due although no record has come.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    hop::{Emitted, emit},
    traced,
};
use crate::{
    codec::Codec,
    envelope::Envelope,
    events::{Event, RecordType},
    fault::Fault,
    step::Outcome,
    topics::Topic,
};

/// Entries that fall due by the clock. Their events go out in a transaction, with ids from the event that waits, so
/// that a repeat is the same event. Ticks do not run while state is rebuilt or records are replayed.
#[async_trait]
pub trait Tick: Send + Sync + 'static {
    /// Permanent: event ids are made from it.
    const NAME: &'static str;
    /// What it may emit.
    type Out: Event;

    /// Entries due at `now` that wait on one of the partitions this instance holds; a bounded number, oldest first.
    ///
    /// # Errors
    /// As a step's.
    async fn due(&self, now: Timestamp, held: &[(Topic, i32)]) -> Result<Vec<Due<Self::Out>>, Fault>;

    /// Removes entries: their events are committed. Until then `due` returns them again.
    ///
    /// # Errors
    /// As a step's.
    async fn settled(&self, entries: &[String]) -> Result<(), Fault>;
}

/// An entry that is due.
#[derive(Debug)]
pub struct Due<Out> {
    /// Names the entry to [`Tick::settled`].
    pub entry: String,
    /// The event that waits.
    pub cause: Envelope,
    /// What to publish.
    pub outcome: Outcome<Out>,
}

/// A tick without its types.
#[async_trait]
pub(crate) trait Ticker: Send + Sync {
    fn outputs(&self) -> Vec<RecordType>;
    async fn due(
        &self,
        now: Timestamp,
        held: &[(Topic, i32)],
        codec: &Codec,
    ) -> Result<(Vec<String>, Vec<Emitted>), Fault>;
    async fn settled(&self, entries: &[String]) -> Result<(), Fault>;
}

pub(crate) struct Typed<T>(T);

impl<T: Tick> Typed<T> {
    pub fn boxed(tick: T) -> Arc<dyn Ticker> {
        Arc::new(Self(tick))
    }
}

#[async_trait]
impl<T: Tick> Ticker for Typed<T> {
    fn outputs(&self) -> Vec<RecordType> {
        T::Out::types()
    }

    async fn due(
        &self,
        now: Timestamp,
        held: &[(Topic, i32)],
        codec: &Codec,
    ) -> Result<(Vec<String>, Vec<Emitted>), Fault> {
        let (mut entries, mut emitted) = (Vec::new(), Vec::new());
        for due in self.0.due(now, held).await? {
            let mut events = emit(T::NAME, &due.cause, due.outcome, codec)?;
            traced::due(T::NAME, &due.cause, &mut events);
            emitted.extend(events);
            entries.push(due.entry);
        }
        Ok((entries, emitted))
    }

    async fn settled(&self, entries: &[String]) -> Result<(), Fault> {
        self.0.settled(entries).await
    }
}
