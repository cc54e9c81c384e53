//! A hop of the pipeline: takes a batch of one record type, answers each with events or a fault.

use std::future::Future;

use jiff::Timestamp;

use crate::{
    envelope::Envelope,
    events::{Event, Input},
    fault::Fault,
    topics::Topic,
};

/// One answer per record of the batch, in its order; or a fault of the whole batch, which is then repeated record by
/// record, so that one record never takes its neighbours.
pub type Verdicts<Out> = Result<Vec<Result<Outcome<Out>, Fault>>, Fault>;

/// A hop. It decides and has effects that are safe to repeat; the runtime reads, writes, commits and retries.
///
/// A repeat of a record (after a crash, a rebalance, an aborted transaction) must be answered with the same events:
/// effects are keyed by the record's event id or order id and return their stored outcome.
pub trait Step: Send + Sync + 'static {
    /// Permanent: event ids are made from it. `<service>.on_<event>`.
    const NAME: &'static str;
    /// Whether no order waits for what it says: its records may then wait for some 200 ms, so that they share a round trip
    /// and a transaction. That leaves the loop and the broker to the orders that do wait, which go past them.
    const GATHERS: bool = false;
    /// What it reads: one record type, or an enum made by [`events!`](crate::events!).
    type In: Input;
    /// What it may emit; one record type, or an enum made by [`events!`](crate::events!).
    type Out: Event;

    /// Handles records with different keys, in offset order per key.
    fn handle(&self, batch: &[Received<Self::In>]) -> impl Future<Output = Verdicts<Self::Out>> + Send;
}

/// A record as it came off a topic.
#[derive(Debug, Clone)]
pub struct Received<R> {
    /// The record.
    pub event: R,
    /// Who, when and why: ids, correlation, trace.
    pub envelope: Envelope,
    /// Where it stood.
    pub origin: Origin,
}

/// A place on a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The topic, without the environment's prefix.
    pub topic: Topic,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Kafka's own time of the record.
    pub timestamp: Timestamp,
}

/// What a record led to: the events to publish, possibly none.
#[derive(Debug, Clone)]
pub struct Outcome<Out> {
    events: Vec<Out>,
}

impl<Out> Outcome<Out> {
    /// Nothing to say.
    #[must_use]
    pub fn nothing() -> Self {
        Self { events: Vec::new() }
    }

    /// One event.
    pub fn event(event: impl Into<Out>) -> Self {
        Self { events: vec![event.into()] }
    }

    /// Several events, in this order.
    #[must_use]
    pub fn events(events: Vec<Out>) -> Self {
        Self { events }
    }

    /// The events, to publish.
    #[must_use]
    pub fn into_events(self) -> Vec<Out> {
        self.events
    }
}

/// Runs `one` for every record side by side, at most `limit` at a time: for steps that are happier one at a time,
/// such as those that call a gateway.
pub async fn each<'a, R, Out, F>(
    batch: &'a [Received<R>],
    limit: usize,
    one: impl Fn(&'a Received<R>) -> F,
) -> Vec<Result<Outcome<Out>, Fault>>
where
    F: Future<Output = Result<Outcome<Out>, Fault>>,
{
    use futures::stream::{StreamExt, iter};
    iter(batch.iter().map(one)).buffered(limit.max(1)).collect().await
}
