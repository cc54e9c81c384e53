//! Publishes commands and facts from outside (HTTP, the command line): idempotent producer, acknowledged by all
//! in-sync replicas before anyone is told that it happened.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    ClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
    message::{OwnedHeaders, ToBytes},
    producer::{FutureProducer, FutureRecord},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{traced, writer::PARTITIONER};
use crate::{
    codec::Codec,
    envelope::{Envelope, Tried},
    events::{OrderPlaced, Record},
    fault::Fault,
    faults::{self, Plant, planted},
    metrics,
    telemetry::{Span, is_on, wants},
    topics::{ALL, Names, Topic},
    trace::TraceContext,
};

/// Publishes root events. Clones share one producer.
#[derive(Clone)]
pub struct Publisher {
    producer: FutureProducer,
    codec: Arc<Codec>,
    names: Names,
}

/// Where a root event comes from.
#[derive(Debug, Clone)]
pub struct Root {
    /// The event's id, the same for a repeat: see [`crate::envelope::ids`].
    pub id: Uuid,
    /// Who makes it, such as `order-intake`.
    pub source: String,
    /// The request's correlation id.
    pub correlation_id: String,
    /// The request's trace: the span that leads to it.
    pub trace: TraceContext,
}

/// A record as it will be published. It can be kept as bytes, and sent again just as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    topic: String,
    key: String,
    #[serde(with = "serde_bytes")]
    value: Vec<u8>,
    envelope: Envelope,
}

/// Where a published record stands, acknowledged by all in-sync replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl Prepared {
    pub(super) fn of<R: Record>(codec: &Codec, record: &R, root: Root) -> Result<Self, Fault> {
        let value = codec.encode(record)?;
        let envelope = Envelope {
            id: root.id,
            source: root.source,
            kind: R::full_name(),
            time: record.occurred_at(),
            subject: record.key(),
            dataschema: None,
            correlation_id: root.correlation_id,
            causation_id: None,
            trace: root.trace,
            tried: Tried::default(),
        };
        Ok(Self { topic: R::TOPIC.name().to_owned(), key: record.key(), value, envelope })
    }

    pub(super) fn topic(&self) -> Result<Topic, Fault> {
        let unknown = || Fault::poison("unknown_topic", format!("{} is not a topic of ours", self.topic));
        ALL.into_iter().find(|topic| topic.name() == self.topic).ok_or_else(unknown)
    }

    /// As it goes to the topic of this name.
    pub(super) fn to<'p>(&'p self, name: &'p str) -> FutureRecord<'p, str, Vec<u8>> {
        FutureRecord::to(name).key(self.key.as_str()).payload(&self.value).headers(self.envelope.to_headers())
    }

    /// Counts it, if it was acknowledged.
    fn counted(&self, placed: Result<Placed, Fault>) -> Result<Placed, Fault> {
        if placed.is_ok() {
            ::metrics::counter!(metrics::SENT, "messaging_destination_name" => self.topic.clone())
                .increment(1);
            if OrderPlaced::is_named(&self.envelope.kind) {
                ::metrics::counter!(metrics::ORDERS_ACCEPTED).increment(1);
            }
        }
        placed
    }

    /// The span of sending it, when that is kept, and the headers that say so.
    fn traced(&self, name: &str) -> Option<(Box<Span>, OwnedHeaders)> {
        let above = &self.envelope.trace;
        (is_on() && wants(above)).then(|| {
            let envelope = Envelope { trace: above.child(), ..self.envelope.clone() };
            (traced::sending(name, &envelope, above.span()), envelope.to_headers())
        })
    }
}

impl Publisher {
    /// A publisher for the topics of one environment.
    ///
    /// # Errors
    /// `Fatal` when the client cannot be made.
    pub fn new(mut config: ClientConfig, codec: Arc<Codec>, names: Names) -> Result<Self, Fault> {
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            .set("partitioner", PARTITIONER);
        // A record that has no acknowledgement by then is reported as not accepted; the caller may try again.
        config.set("delivery.timeout.ms", "10000");
        config.set("queue.buffering.max.kbytes", "65536");
        let producer = config
            .create()
            .map_err(|error| Fault::fatal("kafka_client", "cannot make a Kafka producer").caused_by(error))?;
        Ok(Self { producer, codec, names })
    }

    /// Encodes a record, to be kept or sent.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    pub fn prepare<R: Record>(&self, record: &R, root: Root) -> Result<Prepared, Fault> {
        Prepared::of(&self.codec, record, root)
    }

    /// Publishes, and returns once all in-sync replicas have it.
    ///
    /// # Errors
    /// `Transient`: not acknowledged in time, or the local queue is full. The record may still have been written:
    /// send the same [`Prepared`] again.
    pub async fn send(&self, prepared: &Prepared) -> Result<Placed, Fault> {
        let topic = prepared.topic()?;
        let name = self.names.topic(topic);
        let Some((mut span, headers)) = prepared.traced(&name) else {
            return prepared.counted(self.deliver(topic, prepared.to(&name)).await);
        };
        let placed = self.deliver(topic, prepared.to(&name).headers(headers)).await;
        if let Err(fault) = &placed {
            span.fail(fault.code());
        }
        span.end();
        span.export();
        prepared.counted(placed)
    }

    /// Publishes a tombstone: on a compacted topic it removes what has this key.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn remove(&self, topic: Topic, key: &str) -> Result<Placed, Fault> {
        let name = self.names.topic(topic);
        self.deliver(topic, FutureRecord::<_, [u8]>::to(&name).key(key)).await
    }

    async fn deliver<P: ToBytes + ?Sized>(
        &self,
        topic: Topic,
        record: FutureRecord<'_, str, P>,
    ) -> Result<Placed, Fault> {
        match self.producer.send(record, Duration::ZERO).await {
            Ok(delivery) => {
                faults::point("after_publish");
                Ok(Placed { topic, partition: delivery.partition, offset: delivery.offset })
            }
            Err(_) if planted(Plant::UnackedAnswer) => Ok(Placed { topic, partition: 0, offset: 0 }),
            Err((error, _)) => Err(undelivered(error)),
        }
    }
}

fn undelivered(error: KafkaError) -> Fault {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
            Fault::poison("record_too_large", "the record is larger than the broker takes").caused_by(error)
        }
        Some(RDKafkaErrorCode::QueueFull) => {
            Fault::transient("publisher_full", "too many records wait for the broker").caused_by(error)
        }
        _ => Fault::transient("kafka_unavailable", "Kafka has not acknowledged the record").caused_by(error),
    }
}
