//! The loop: polls, lets the steps answer, makes it durable, commits. One OS thread, since the client's calls block;
//! the steps run on tokio.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rdkafka::{TopicPartitionList, consumer::Consumer, error::KafkaError, topic_partition_list::Offset};
use tokio::runtime::Handle;
use tracing::{error, warn};

use super::{
    batch::{Pace, Raw, Urgency},
    consumer::{ASK, GroupConsumer},
    contract::LateComers,
    held::Held,
    hop::Hop,
    lag::LagWatch,
    lobby::Lobby,
    shutdown::Shutdown,
    stop_limit::StopLimit,
    tick::Ticker,
    traced::{self, Reader},
    turn::Settled,
    waiting::Waiting,
    writer::{FENCED, Outgoing, Writer},
};
use crate::{
    clock::Clock,
    codec::Codec,
    fault::{Consequence, Fault},
    faults::{self, Plant, planted},
    health::Health,
    metrics,
    state::{State, rebuild::Recovery},
    topics::{Names, Topic},
};

/// How long an idle poll waits: bounds how late a tick, a retry or a shutdown is noticed.
pub(super) const IDLE: Duration = Duration::from_millis(100);
/// So many fences in a row mean that two processes have one instance id.
const FENCES: u32 = 5;

/// One instance of a service at work.
pub(crate) struct Engine {
    pub names: Names,
    pub group: String,
    pub reader: Reader,
    pub inputs: Vec<Topic>,
    pub hops: Vec<Arc<dyn Hop>>,
    /// Which hop handles a record type: topic and name.
    pub routes: HashMap<(Topic, &'static str), usize>,
    pub tickers: Vec<Arc<dyn Ticker>>,
    pub codec: Arc<Codec>,
    pub late_comers: LateComers,
    pub consumer: GroupConsumer,
    pub writer: Writer,
    pub state: State,
    pub recovery: Recovery,
    pub clock: Clock,
    pub health: Health,
    pub shutdown: Shutdown,
    pub handle: Handle,
    pub retry_limit: u32,
    pub pace: Pace,
    pub lobby: Lobby,
    pub held: Held,
    pub stop_limit: StopLimit,
    pub waiting: Waiting,
    pub lag: LagWatch,
    pub epoch: u64,
    /// Whether the positions may not be those the group has committed: nothing polled counts until they are found.
    pub astray: bool,
    pub chores_at: Instant,
    pub fences: u32,
}

impl Engine {
    /// Runs until shutdown.
    ///
    /// # Errors
    /// The fatal fault that stopped it.
    pub fn run(mut self) -> Result<(), Fault> {
        while let Err(fault) = self.writer.open() {
            if fault.consequence() == Consequence::Fatal || self.shutdown.requested() {
                return Err(fault);
            }
            warn!(%fault, "waiting for the transaction coordinator");
            thread::sleep(IDLE);
        }
        while let Err(fault) = self.recall_letters() {
            if self.shutdown.requested() {
                return Ok(());
            }
            warn!(%fault, "waiting for the group's dead letters");
            self.shutdown.wait(IDLE);
        }
        self.subscribe()?;
        while !self.shutdown.requested() {
            self.health.beat();
            if let Err(fault) = self.turn() {
                self.after(fault)?;
            }
        }
        self.leave();
        Ok(())
    }

    /// One turn: what is there is polled, answered, written and committed.
    fn turn(&mut self) -> Result<(), Fault> {
        self.chores()?;
        self.resume_due();
        let began = Instant::now();
        let batch = self.poll()?;
        if self.astray {
            return self.find_place();
        }
        self.reader.received(batch.iter().filter(|raw| raw.urgency != Urgency::Never), began);
        let batch = self.lobby.let_in(batch, self.pace.limit(), Instant::now());
        if !batch.is_empty() {
            let started = Instant::now();
            self.foretell(&batch)?;
            let mut settled = self.answer(&batch)?;
            self.make_durable(&batch, &mut settled)?;
            self.writer.withdraw(); // nothing came of it
            self.stop_limit.note(settled.first_time);
            self.confirm(&settled.ended)?;
            self.hold(&settled)?;
            self.pace.learn(batch.len(), started.elapsed());
        }
        self.drain()
    }

    /// What a fault of a turn leads to: nothing of the turn was committed, so it is always handled again.
    fn after(&mut self, fault: Fault) -> Result<(), Fault> {
        self.writer.withdraw();
        match fault.consequence() {
            Consequence::Fatal => {
                error!(code = fault.code(), %fault, "cannot go on");
                return Err(fault);
            }
            Consequence::Lost => {
                warn!(%fault, "the state is behind the log");
                self.health.concern("state", "rebuilding the state from the log");
                self.recover()?;
                self.health.settled("state");
            }
            Consequence::Transient | Consequence::Poison => {
                warn!(code = fault.code(), %fault, "the batch is taken back");
                self.health.concern("dependency", fault.to_string());
                self.shutdown.wait(Duration::from_millis(200));
            }
        }
        if !planted(Plant::NoSeekAfterAbort) {
            self.go_back();
        }
        Ok(())
    }

    /// Has the offsets of a batch that will likely have outputs go ahead, while the steps answer: most of a commit's time
    /// is theirs. A batch that ends otherwise begins anew.
    fn foretell(&mut self, batch: &[Raw]) -> Result<(), Fault> {
        if self.held.extent().0 == 0 && batch.iter().any(|raw| self.leads_on(raw)) {
            let next = |Raw { place, .. }: &Raw| ((place.topic, place.partition), place.offset + 1);
            let owed = self.consumer.context().owed().clone();
            let offsets = self.with_offsets(owed, &batch.iter().map(next).collect())?;
            self.writer.begin_early(&self.consumer, offsets);
        }
        Ok(())
    }

    /// Applied offsets first, then outputs and offsets together: state may be ahead of the log, never behind it. Without
    /// outputs the offsets can wait: a commit for nothing is most of a broker's work.
    pub(super) fn make_durable(&mut self, batch: &[Raw], settled: &mut Settled) -> Result<(), Fault> {
        if settled.offsets.is_empty() {
            return Ok(());
        }
        faults::point("after_effects");
        let offsets: Vec<(Topic, i32, i64)> =
            settled.offsets.iter().map(|((t, p), next)| (*t, *p, *next)).collect();
        self.handle.block_on(self.state.advance(&offsets))?;
        let owed = self.owed_with(&settled.offsets)?;
        if settled.records.is_empty() {
            *self.consumer.context().owed() = owed;
        } else {
            self.commit(&mut settled.records, &owed)?;
        }
        for (topic, partition, next) in offsets {
            self.held.settled(topic, partition, next);
        }
        self.count(batch, settled);
        Ok(())
    }

    /// What is owed, taken, and these offsets. Whatever goes wrong with it before it is committed, or put back, is read
    /// again.
    pub(super) fn owed_with(
        &self,
        offsets: &BTreeMap<(Topic, i32), i64>,
    ) -> Result<TopicPartitionList, Fault> {
        let owed = std::mem::take(&mut *self.consumer.context().owed());
        self.with_offsets(owed, offsets)
    }

    fn with_offsets(
        &self,
        mut owed: TopicPartitionList,
        offsets: &BTreeMap<(Topic, i32), i64>,
    ) -> Result<TopicPartitionList, Fault> {
        for ((topic, partition), next) in offsets {
            let (name, next) = (self.names.topic(*topic), Offset::Offset(*next));
            let known = owed.find_partition(&name, *partition).is_some();
            let noted = if known {
                owed.set_partition_offset(&name, *partition, next)
            } else {
                owed.add_partition_offset(&name, *partition, next)
            };
            noted
                .map_err(|error| Fault::fatal("bad_offset", "an offset is out of range").caused_by(error))?;
        }
        Ok(owed)
    }

    pub(super) fn commit(
        &mut self,
        records: &mut [Outgoing],
        offsets: &TopicPartitionList,
    ) -> Result<(), Fault> {
        faults::point("before_produce");
        let started = Instant::now();
        let written = self.writer.write(&self.consumer, records, offsets);
        traced::sent(records, started, written.as_ref().err().map(|back| back.cause));
        if let Err(back) = written {
            return Err(self.taken_back(back.cause, back.error));
        }
        faults::point("after_commit");
        self.fences = 0;
        self.health.settled("dependency");
        ::metrics::histogram!(metrics::COMMIT_DURATION).record(started.elapsed());
        Ok(())
    }

    fn taken_back(&mut self, cause: &'static str, why: String) -> Fault {
        ::metrics::counter!(metrics::REWINDS, "cause" => cause).increment(1);
        if cause != FENCED {
            return Fault::transient("batch_taken_back", format!("{cause}: {why}"));
        }
        self.fences += 1;
        if self.fences >= FENCES {
            let message = format!(
                "fenced {FENCES} times in a row ({why}): does another process have this INSTANCE_ID?"
            );
            return Fault::fatal("fenced", message);
        }
        // Two producers of one id that come back at once fence each other for ever.
        self.shutdown.wait(Duration::from_secs(1).mul_f64(1.0 + rand::random::<f64>() * 2.0));
        Fault::transient("batch_taken_back", format!("{cause}: {why}"))
    }

    fn count(&self, batch: &[Raw], settled: &Settled) {
        let now = self.clock.now();
        if !batch.is_empty() {
            ::metrics::histogram!(metrics::BATCH_RECORDS)
                .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        }
        // Looking a metric up costs more than counting: once a batch.
        let ages = ::metrics::histogram!(metrics::EVENT_AGE);
        for raw in batch {
            ages.record(now.duration_since(raw.place.timestamp).as_secs_f64().max(0.0));
        }
        for (topic, count) in each(batch.iter().map(|raw| raw.place.topic.name())) {
            ::metrics::counter!(metrics::CONSUMED, "messaging_destination_name" => topic).increment(count);
        }
        for (topic, count) in each(settled.records.iter().map(|record| record.topic.as_str())) {
            ::metrics::counter!(metrics::SENT, "messaging_destination_name" => topic.to_owned())
                .increment(count);
        }
        settled.records.iter().flat_map(|record| &record.tallies).for_each(|tally| tally.count(now));
    }

    /// Stops reading partitions whose next record must wait.
    fn hold(&mut self, settled: &Settled) -> Result<(), Fault> {
        for ((topic, partition), offset) in &settled.holds {
            let name = self.names.topic(*topic);
            let mut list = TopicPartitionList::new();
            list.add_partition(&name, *partition);
            self.consumer.seek(&name, *partition, Offset::Offset(*offset), ASK).map_err(unavailable)?;
            self.consumer.pause(&list).map_err(unavailable)?;
            self.held.wait_at(*topic, *partition, *offset);
        }
        self.report_held();
        Ok(())
    }

    fn resume_due(&mut self) {
        for (topic, partition) in self.held.due() {
            if topic == self.waiting.topics.waiting {
                self.waiting.wake();
                continue;
            }
            let mut list = TopicPartitionList::new();
            list.add_partition(&self.names.topic(topic), partition);
            if let Err(error) = self.consumer.resume(&list) {
                warn!(%error, %topic, partition, "cannot resume");
            }
        }
    }
}

/// How often each of them stands there.
fn each<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeMap<&'t str, u64> {
    let mut counts = BTreeMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    counts
}

pub(super) fn unavailable(error: KafkaError) -> Fault {
    Fault::transient("kafka_unavailable", "Kafka does not answer").caused_by(error)
}
