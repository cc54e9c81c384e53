//! Makes a batch durable: its outputs, its dead letters and its input offsets, together.
//!
//! Whatever goes wrong ends in one of two ways: done, or taken back ([`TakenBack`]), after which the caller rewinds
//! to the committed offsets. The rules for librdkafka's transactions are in `ARCHITECTURE.md`, "Transactions".

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, TopicPartitionList,
    consumer::{CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::OwnedHeaders,
    producer::{BaseRecord, NoCustomPartitioner, Producer, ThreadedProducer},
};
use tracing::warn;

use super::{
    consumer::GroupConsumer,
    flight::Flight,
    offset_sender::{OffsetSender, Sending},
};
use crate::{
    config::Delivery,
    fault::Fault,
    faults::{self, Plant, planted},
    metrics::Tally,
    telemetry::Span,
};

/// As Java's clients: one key, one partition, whoever writes.
pub(super) const PARTITIONER: &str = "murmur2_random";
/// The cause when another producer of the same transactional id has taken over.
pub(crate) const FENCED: &str = "fenced";
/// How long one transactional call may take before its outcome counts as unknown.
pub(super) const CALL: Duration = Duration::from_secs(10);
/// How long to wait for a broker's first answer, where that spares a wait.
const FIRST_ANSWER: Duration = Duration::from_secs(1);
/// How long records may stay without acknowledgement.
pub(super) const DELIVERY: Duration = Duration::from_secs(10);
/// How long a transaction that was begun early may have been open when its batch is written: well below its timeout.
const EARLY: Duration = Duration::from_secs(5);
/// How often to look for what librdkafka has no event for.
const GLANCE: Duration = Duration::from_micros(200);

/// A record to be written.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub topic: String,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// Gone once it is sent.
    pub headers: Option<OwnedHeaders>,
    /// Of sending it, where that is kept.
    pub span: Option<Box<Span>>,
    /// What it adds to the shop's numbers once it is committed.
    pub tallies: Vec<Tally>,
}

/// The batch was not committed: go back to the committed offsets and handle it again.
#[derive(Debug)]
pub(crate) struct TakenBack {
    /// Metric label.
    pub cause: &'static str,
    pub error: String,
}

/// Writes batches under one delivery setting.
pub(crate) struct Writer {
    config: ClientConfig,
    delivery: Delivery,
    producer: Option<Arc<Client>>,
    sender: OffsetSender,
    early: Option<Early>,
}

/// A transaction that was begun while its batch was still handled, and the offsets that are on their way into it.
struct Early {
    offsets: TopicPartitionList,
    sending: Sending,
    since: Instant,
}

pub(super) type Client = ThreadedProducer<Flight, NoCustomPartitioner>;

impl Writer {
    /// A writer; `transactional_id` must be stable and this instance's own.
    pub fn new(base: &ClientConfig, delivery: Delivery, transactional_id: &str) -> Self {
        let mut config = base.clone();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            .set("partitioner", PARTITIONER)
            .set("compression.type", "lz4")
            .set("delivery.timeout.ms", DELIVERY.as_millis().to_string())
            .set("queue.buffering.max.kbytes", "65536")
            // After a commit the coordinator still writes markers; the next transaction then meets
            // CONCURRENT_TRANSACTIONS and waits this long. The default of 100 ms is most of a hop's latency.
            .set("retry.backoff.ms", "1")
            .set("retry.backoff.max.ms", "20");
        if delivery == Delivery::ExactlyOnce {
            config.set("transactional.id", transactional_id).set("transaction.timeout.ms", "15000");
        }
        Self { config, delivery, producer: None, sender: OffsetSender::default(), early: None }
    }

    /// Makes the producer; under exactly-once this fences whoever had the same id and ends its open transaction.
    ///
    /// # Errors
    /// `Transient` when the coordinator does not answer; `Fatal` when the client cannot be made.
    pub fn open(&mut self) -> Result<(), Fault> {
        let producer: Client = self
            .config
            .create_with_context(Flight::default())
            .map_err(|error| Fault::fatal("kafka_client", "cannot make a Kafka producer").caused_by(error))?;
        if self.delivery == Delivery::ExactlyOnce {
            // A coordinator that is looked for on a bootstrap connection, which ends with the first answer, is looked
            // for again only after half a second.
            let _ = producer.client().fetch_cluster_id(FIRST_ANSWER);
            producer.init_transactions(CALL).map_err(|error| {
                Fault::transient("kafka_unavailable", "the transaction coordinator does not answer")
                    .caused_by(error)
            })?;
        }
        self.producer = Some(Arc::new(producer));
        Ok(())
    }

    /// Begins the transaction of a batch that is about to be handled, and sends these offsets into it meanwhile. To be
    /// followed by [`Self::write`] with the same offsets, or [`Self::withdraw`].
    pub fn begin_early(&mut self, consumer: &GroupConsumer, offsets: TopicPartitionList) {
        if self.delivery != Delivery::ExactlyOnce || is_unfenced() {
            return;
        }
        // Whatever is wrong with either shows when the batch is written.
        let (Some(producer), Some(group)) = (&self.producer, consumer.group_metadata()) else { return };
        if producer.begin_transaction().is_ok() {
            let sending = self.sender.begin(producer, &offsets, &Arc::new(group));
            self.early = Some(Early { offsets, sending, since: Instant::now() });
        }
    }

    /// Aborts what was begun early, if anything was: it turned out to be another batch, or none.
    pub fn withdraw(&mut self) {
        let Some(early) = self.early.take() else { return };
        let _ = self.sender.wait(&early.sending); // whatever became of it is aborted
        self.producer = self.producer.take().filter(|producer| abort(producer));
    }

    /// Writes a batch and commits its offsets (last handled + 1), all or nothing.
    ///
    /// # Errors
    /// [`TakenBack`]: nothing of it is visible to readers of committed records, or, under at-least-once, it may be and
    /// will be repeated with the same ids.
    pub fn write(
        &mut self,
        consumer: &GroupConsumer,
        records: &mut [Outgoing],
        offsets: &TopicPartitionList,
    ) -> Result<(), TakenBack> {
        if self.early.as_ref().is_some_and(|early| early.offsets != *offsets || early.since.elapsed() > EARLY)
        {
            self.withdraw();
        }
        if self.producer.is_none() {
            self.open().map_err(|fault| TakenBack { cause: "reopen", error: fault.to_string() })?;
        }
        let Some(producer) = self.producer.clone() else { return Err(taken_back("reopen", "no producer")) };
        producer.client().context().forget();
        if planted(Plant::CommitBeforeFlush) {
            let _ = commit_alone(consumer, offsets); // the bug is that nobody waits for what it speaks of
        }
        let early = self.early.take().map(|early| early.sending);
        let written = match self.delivery {
            // Nothing to write: a plain commit does, at a fraction of a transaction's cost.
            Delivery::ExactlyOnce if records.is_empty() && early.is_none() => commit_alone(consumer, offsets),
            Delivery::ExactlyOnce => self.in_transaction(&producer, consumer, records, offsets, early),
            // A producer that has timed out records may never recover by itself.
            Delivery::AtLeastOnce => {
                self.then_commit(&producer, consumer, records, offsets).map_err(Ending::Replace)
            }
        };
        let is_fatal = || producer.client().fatal_error().is_some();
        match written {
            Ok(()) => Ok(()),
            Err(Ending::Nothing(back)) if !is_fatal() => Err(back),
            Err(Ending::Abort(back)) if !is_fatal() && abort(&producer) => Err(back),
            Err(Ending::Nothing(back) | Ending::Abort(back) | Ending::Replace(back)) => {
                Err(self.replace(back))
            }
        }
    }

    /// Drops the producer; the next write makes a new one of the same id.
    fn replace(&mut self, back: TakenBack) -> TakenBack {
        use RDKafkaErrorCode::{Fenced, InvalidProducerEpoch, ProducerFenced};
        let fatal = self.producer.take().and_then(|producer| producer.client().fatal_error());
        match fatal {
            Some((Fenced | ProducerFenced | InvalidProducerEpoch, why)) => taken_back(FENCED, why),
            _ => back,
        }
    }

    fn in_transaction(
        &mut self,
        producer: &Arc<Client>,
        consumer: &GroupConsumer,
        records: &mut [Outgoing],
        offsets: &TopicPartitionList,
        mut early: Option<Sending>,
    ) -> Result<(), Ending> {
        // Fresh for each transaction: it names the group's generation, which fences a member that was thrown out.
        let group =
            consumer.group_metadata().ok_or_else(|| Ending::Abort(taken_back("group", "no group")))?;
        if early.is_none() {
            call("begin", || producer.begin_transaction())?;
        }
        self.send(producer, records).map_err(Ending::Abort)?;
        faults::point("after_produce");
        if is_unfenced() {
            self.acknowledged(producer).map_err(Ending::Abort)?;
            call("commit", || producer.commit_transaction(CALL))?;
            faults::point("before_commit"); // of the offsets, which come by themselves
            return commit_alone(consumer, offsets);
        }
        // While the acknowledgements are on their way; the commit waits for them.
        let group = Arc::new(group);
        call("send_offsets", || {
            let sending = early.take().unwrap_or_else(|| self.sender.begin(producer, offsets, &group));
            self.sender.wait(&sending)
        })?;
        faults::point("after_offsets");
        self.acknowledged(producer).map_err(Ending::Abort)?;
        faults::point("before_commit");
        if faults::fails("before_commit") {
            return Err(Ending::Abort(taken_back("injected", "a test wants no commit here")));
        }
        call("commit", || producer.commit_transaction(CALL))
    }

    fn then_commit(
        &self,
        producer: &Client,
        consumer: &GroupConsumer,
        records: &mut [Outgoing],
        offsets: &TopicPartitionList,
    ) -> Result<(), TakenBack> {
        self.send(producer, records)?;
        faults::point("after_produce");
        self.acknowledged(producer)?;
        faults::point("before_commit");
        // Stored, so that a rebalance or shutdown commits them for certain; sent along meanwhile.
        consumer.store_offsets(offsets).map_err(|error| taken_back("store_offsets", error))?;
        faults::point("after_offsets");
        match consumer.commit_consumer_state(CommitMode::Async) {
            Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
            Err(error) => Err(taken_back("commit", error)),
        }
    }

    fn send(&self, producer: &Client, records: &mut [Outgoing]) -> Result<(), TakenBack> {
        let deadline = Instant::now() + DELIVERY;
        let flight = producer.client().context();
        flight.begin(records.len());
        let count = records.len();
        for (sent, record) in records.iter_mut().enumerate() {
            let mut message = Some(as_message(record));
            while let Some(next) = message.take() {
                match producer.send(next) {
                    Ok(()) => {}
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                        if Instant::now() < deadline =>
                    {
                        thread::sleep(GLANCE);
                        message = Some(back);
                    }
                    Err((error, _)) => {
                        flight.never_began(count - sent);
                        return Err(taken_back("produce", error));
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits for every acknowledgement. A commit with anything in flight would flush in slices of 100 ms.
    fn acknowledged(&self, producer: &Client) -> Result<(), TakenBack> {
        let deadline = Instant::now() + DELIVERY + CALL;
        let failed = producer.client().context().landed(deadline);
        // The client counts a record until a moment after it has told of it.
        while producer.in_flight_count() > 0 {
            if Instant::now() > deadline {
                return Err(taken_back("acknowledgements", "records are not acknowledged in time"));
            }
            thread::sleep(GLANCE);
        }
        match failed {
            Some(error) if !planted(Plant::IgnoredDeliveryErrors) => Err(taken_back("delivery", error)),
            _ => Ok(()),
        }
    }
}

/// Whether offsets are committed beside the transaction: never, unless that bug is planted.
fn is_unfenced() -> bool {
    planted(Plant::NoFencing)
}

/// How a failed write must be ended.
enum Ending {
    /// No transaction was begun.
    Nothing(TakenBack),
    /// By an abort.
    Abort(TakenBack),
    /// By a new producer of the same id: the outcome is unknown (an abort could undo a commit that succeeded), another
    /// has our id, or this one may not recover.
    Replace(TakenBack),
}

/// Commits offsets by themselves. Synchronous, so that it can not overtake the next one; it names the member's generation
/// too.
fn commit_alone(consumer: &GroupConsumer, offsets: &TopicPartitionList) -> Result<(), Ending> {
    let committed = consumer.commit(offsets, CommitMode::Sync);
    committed.map_err(|error| Ending::Nothing(taken_back("commit_offsets", error)))
}

/// One transactional call, repeated while the client says that it may be.
fn call(cause: &'static str, mut attempt: impl FnMut() -> Result<(), KafkaError>) -> Result<(), Ending> {
    let deadline = Instant::now() + CALL;
    loop {
        let error = match attempt() {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let KafkaError::Transaction(transaction) = &error else {
            return Err(Ending::Replace(taken_back(cause, error)));
        };
        if transaction.txn_requires_abort() {
            return Err(Ending::Abort(taken_back(cause, error)));
        }
        if transaction.is_fatal() || !transaction.is_retriable() || Instant::now() > deadline {
            return Err(Ending::Replace(taken_back(cause, error)));
        }
    }
}

fn abort(producer: &Client) -> bool {
    match producer.abort_transaction(CALL) {
        Ok(()) => true,
        Err(error) => {
            warn!(%error, "cannot abort; the producer is made anew");
            false
        }
    }
}

fn as_message(record: &mut Outgoing) -> BaseRecord<'_, [u8], [u8]> {
    let mut message = BaseRecord::to(&record.topic);
    message.headers = record.headers.take();
    message.key = record.key.as_deref();
    message.payload = record.value.as_deref();
    message
}

fn taken_back(cause: &'static str, error: impl ToString) -> TakenBack {
    TakenBack { cause, error: error.to_string() }
}
