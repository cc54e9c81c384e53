//! Order kept behind a dead letter: the later records of its key wait for it, and follow in order once it is answered.
//!
//! `<group>.waiting` is the journal. For each key it holds the records that wait and, without a value, notes of which
//! records are answered ([`Note::Settled`]) or given up for good ([`Note::Discarded`]) and which waiting ones were given up ([`Note::Buried`]). Each note is in the
//! transaction of what it tells of. So the log alone says what is blocked: a dead letter without its note that it is
//! settled, and every waiting record without its own. Redis (`lines.rs`) only says where to look, and is made again from
//! the log (`restore.rs`).
//!
//! | file | answers |
//! |---|---|
//! | `line_up.rs` | who of a batch must wait, before anything is produced |
//! | `drain.rs` | the records that wait, handled in order, once theirs is settled |
//! | `journal.rs` | what the journal says of one key |
//! | `lines.rs` | the lines in Redis, a script a question |
//! | `restore.rs` | the lines from the log |
//! | `parked.rs` | which dead letter an operator has given up for now |

mod drain;
pub mod journal;
mod line_up;
mod lines;
#[cfg(test)]
mod lines_tests;
#[cfg(test)]
mod model;
pub mod parked;
mod partition;
mod reader;
mod restore;
#[cfg(test)]
mod twin;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rdkafka::{ClientConfig, consumer::Consumer};

pub(super) use drain::topic_of;
pub(crate) use lines::{Ended, Limits, Lines, Standing};
pub(crate) use partition::{murmur2, partition_of};
pub(crate) use restore::{Book, restore};

use super::{
    batch::Raw,
    consumer::{ASK, GroupConsumer},
    engine::{Engine, unavailable},
};
use crate::{
    fault::Fault,
    metrics,
    topics::{GroupTopics, Topic},
};

/// How old an end of the journal may be to begin a line at: a younger one saves reading.
const ENDS: Duration = Duration::from_secs(60);
/// Without a refusal for this long, there is place again.
const PLACE_AGAIN: Duration = Duration::from_secs(15);

/// What one instance knows of lines.
pub(crate) struct Waiting {
    pub topics: GroupTopics,
    /// Topics on which the order of a key's records counts.
    pub ordered: Vec<Topic>,
    pub lines: Lines,
    /// What a reader of the journal begins with.
    pub reader: ClientConfig,
    /// Whether any key may be blocked: only then is Redis asked.
    may_block: bool,
    /// Whether a line may be able to move.
    due: bool,
    session: Option<drain::Session>,
    /// Partitions of `.retry` and of `.waiting`.
    counts: Option<(i32, i32)>,
    /// Where the journal's partitions ended, and when.
    ends: HashMap<i32, (i64, Instant)>,
    refused: Option<Instant>,
}

impl Waiting {
    pub fn new(topics: GroupTopics, ordered: Vec<Topic>, lines: Lines, reader: ClientConfig) -> Self {
        Self {
            topics,
            ordered,
            lines,
            reader,
            may_block: true,
            due: false,
            session: None,
            counts: None,
            ends: HashMap::new(),
            refused: None,
        }
    }

    /// Whether a record is there to be handled again, since somebody wants it so.
    pub fn is_again(&self, raw: &Raw) -> bool {
        raw.place.topic == self.topics.retry
    }

    /// The key in whose line a record stands; empty when there is no order to keep.
    pub fn key<'r>(&self, raw: &'r Raw) -> &'r [u8] {
        if self.ordered.contains(&raw.origin.topic) { raw.key() } else { &[] }
    }

    /// Forgets what is under way: the partitions are others', or the batch was taken back.
    pub fn drop_session(&mut self) {
        self.session = None;
        self.counts = None;
        self.ends.clear();
    }

    /// Has the lines looked at: one of them may be able to move.
    pub fn wake(&mut self) {
        self.due = true;
    }

    /// Whether the loop has work here besides what it polls.
    pub fn is_busy(&self) -> bool {
        self.due || self.session.is_some()
    }

    /// How many partitions `.retry` and `.waiting` have.
    fn counts(&mut self, consumer: &GroupConsumer, names: [&str; 2]) -> Result<(i32, i32), Fault> {
        if let Some(counts) = self.counts {
            return Ok(counts);
        }
        let count = |name: &str| {
            let metadata = consumer.fetch_metadata(Some(name), ASK).map_err(unavailable)?;
            let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
            let missing = || Fault::transient("kafka_unavailable", format!("Kafka does not tell of {name}"));
            i32::try_from(count).ok().filter(|count| *count > 0).ok_or_else(missing)
        };
        let counts = (count(names[0])?, count(names[1])?);
        self.counts = Some(counts);
        Ok(counts)
    }

    /// An end the journal's partition has had: whatever is written to it from now on stands behind it.
    fn end(&mut self, consumer: &GroupConsumer, name: &str, partition: i32) -> Result<i64, Fault> {
        if let Some((end, _)) = self.ends.get(&partition).filter(|(_, at)| at.elapsed() < ENDS) {
            return Ok(*end);
        }
        let (_, end) = consumer.fetch_watermarks(name, partition, ASK).map_err(unavailable)?;
        self.ends.insert(partition, (end, Instant::now()));
        Ok(end)
    }
}

impl Engine {
    /// Looks, once a second and after an assignment, whether anything is blocked, and whether a line can move.
    pub(super) fn look_for_lines(&mut self) -> Result<(), Fault> {
        let partitions = self.held_lines();
        let (blocked, drains) =
            self.handle.block_on(self.waiting.lines.extent(&partitions, self.clock.now()))?;
        #[allow(clippy::cast_precision_loss)] // a gauge is a float
        ::metrics::gauge!(metrics::BLOCKED_KEYS).set(blocked as f64);
        self.waiting.may_block = blocked > 0;
        self.waiting.due |= drains > 0;
        if self.waiting.refused.is_none_or(|at| at.elapsed() > PLACE_AGAIN) {
            self.health.settled("waiting");
            ::metrics::gauge!(metrics::WAITING_FULL).set(0.0);
        }
        Ok(())
    }

    /// The partitions of `.retry` this instance holds: it drains the lines of their keys.
    fn held_lines(&self) -> Vec<i32> {
        let retry = self.waiting.topics.retry;
        let held = self.state.held_partitions().into_iter();
        held.filter(|(topic, _)| *topic == retry).map(|(_, partition)| partition).collect()
    }

    /// The partitions of a key on `.retry` and on `.waiting`.
    fn partitions_of(&mut self, key: &[u8]) -> Result<(i32, i32), Fault> {
        let GroupTopics { retry, waiting, .. } = self.waiting.topics;
        let names = [self.names.topic(retry), self.names.topic(waiting)];
        let (again, journal) = self.waiting.counts(&self.consumer, [&names[0], &names[1]])?;
        Ok((partition_of(key, again), partition_of(key, journal)))
    }
}
