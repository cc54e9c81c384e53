//! A range of a service's log, run once more through its steps: on a state of its own, which begins as the log tells it
//! up to the range. Nothing is published or committed, deadlines do not run, and the steps are given whatever they call
//! outside by whoever wires them.
//!
//! | file | answers |
//! |---|---|
//! | this one | what is run, and what comes of it |
//! | `gather.rs` | what was read in the range, and what the log has as its answers |
//! | `run.rs` | the records one after the other |

mod gather;
mod run;

use std::{collections::HashMap, ops::Range, sync::Arc, time::Duration};

use anyhow::Context;
use jiff::Timestamp;
use redis::Client;

use super::{
    hop::{self, Emitted, Hop},
    log::KafkaLog,
    refold,
    steps::Steps,
    traced::Reader,
};
use crate::{
    clock::Clock,
    envelope::Envelope,
    fault::Fault,
    servers::Servers,
    state::{
        State,
        beside::Beside,
        rebuild::{Fold, Progress},
    },
    step::{Origin, Step},
    topics::{Names, Topic},
};

/// Longer than any step needs that calls nobody.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// A service's steps over a range of its log.
pub struct Rerun {
    log: KafkaLog,
    hops: Vec<Arc<dyn Hop>>,
    routes: HashMap<(Topic, &'static str), usize>,
    fold: Arc<dyn Fold>,
    sequence: Sequence,
    beside: Beside,
    clock: Clock,
    range: Range<Timestamp>,
    told: Arc<Progress>,
}

/// In which sequence records of several partitions are run. Those of one key on one topic are always run as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// As their answers stand on the log: where orders contend with each other, such as for stock.
    AsAnswered,
    /// As they came: where an answer takes its time outside, and only an order's own records contend.
    AsTheyCame,
}

/// Steps to be run, and how the state they work on follows from the log.
pub struct Rewired {
    /// The steps.
    pub hops: Hops,
    /// That of the service.
    pub fold: Arc<dyn Fold>,
    /// The sequence that counts.
    pub sequence: Sequence,
}

/// Steps without a service around them.
pub struct Hops {
    hops: Vec<Arc<dyn Hop>>,
    reader: Reader,
}

impl Steps for Hops {
    fn step<S: Step>(mut self, step: S) -> Self {
        self.hops.push(hop::Typed::boxed(step, TIMEOUT, self.reader.clone()));
        self
    }
}

/// A record that was run, with what came of it now and what the log has of it.
#[derive(Debug)]
pub struct Replayed {
    /// The step it belongs to.
    pub step: &'static str,
    /// Its own envelope.
    pub cause: Envelope,
    /// Where it stands.
    pub place: Origin,
    /// Its Kafka key.
    pub key: String,
    /// What came of it now.
    pub became: Became,
    /// The step's answers to it on the log.
    pub was: Vec<Said>,
}

/// What came of a record.
#[derive(Debug)]
pub enum Became {
    /// The step has answered.
    Answered(Vec<Said>),
    /// It cannot be handled.
    Refused {
        /// The stable code.
        code: &'static str,
        /// Why, for people.
        message: String,
    },
    /// It would wait behind another of its key that cannot be handled.
    Waits,
}

/// An event of a step.
#[derive(Debug, Clone)]
pub struct Said {
    /// The topic it belongs on.
    pub topic: Topic,
    /// Its Kafka key.
    pub key: String,
    /// Framed, as on the topic.
    pub value: Vec<u8>,
    /// Its envelope; ids are made as the service makes them.
    pub envelope: Envelope,
    /// When it came to the log, or would have.
    pub at: Timestamp,
}

/// How much a run has met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Records that were run.
    pub run: u64,
    /// Records that cannot be read: they were dead letters, and would be again.
    pub unreadable: u64,
    /// Records of the range that the service itself has not handled yet; they were not run.
    pub ahead: u64,
    /// Events of the service in the range that no record of the range has led to: of deadlines, and of records from
    /// before. They were taken into the state as they are.
    pub taken: u64,
}

impl From<Emitted> for Said {
    fn from(Emitted { encoded, envelope, .. }: Emitted) -> Self {
        let (topic, at) = (encoded.record.topic, envelope.time);
        Self { topic, key: encoded.key, value: encoded.value, envelope, at }
    }
}

impl Rerun {
    /// Reaches the servers, and begins with an empty state on `scratch`, or beside the live one. `wire` makes the steps
    /// for that state; the clock they are given stands at the time of what they handle.
    ///
    /// # Errors
    /// A server that does not answer, a schema that is missing, a service that is none.
    pub async fn begin(
        servers: &Servers,
        names: &Names,
        service: &'static str,
        range: Range<Timestamp>,
        scratch: Option<&Client>,
        wire: impl FnOnce(&State, &Clock, Hops) -> anyhow::Result<Rewired>,
    ) -> anyhow::Result<Self> {
        let client = scratch.cloned().unwrap_or_else(|| servers.redis.client());
        let redis = refold::connect(&client).await.context("the Redis to run it on does not answer")?;
        let beside = Beside::open(redis, &names.keys(service)).await?;
        let clock = Clock::standing(range.start);
        let reader = Reader { group: names.group(service), names: names.clone() };
        let hops = Hops { hops: Vec::new(), reader };
        let Rewired { hops, fold, sequence } = wire(beside.state(), &clock, hops)?;
        Ok(Self {
            log: refold::log(servers, names, service).await?,
            routes: hop::routes(&hops.hops),
            hops: hops.hops,
            fold,
            sequence,
            beside,
            clock,
            range,
            told: Arc::default(),
        })
    }

    /// How far it is: records of the past that were folded, then those that were run.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.told)
    }

    /// Removes the state it was run on.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer; it goes by itself then, with the next that is begun.
    pub async fn end(self) -> Result<(), Fault> {
        self.beside.close().await
    }
}
