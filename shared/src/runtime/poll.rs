//! Takes from Kafka what is there, as a batch.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::{
    Message,
    consumer::Consumer,
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};
use tracing::warn;

use super::{
    batch::{Raw, Urgency},
    engine::{Engine, IDLE},
    waiting::topic_of,
};
use crate::{fault::Fault, step::Origin, topics::Names};

/// How long a poll waits while the committed offsets are not known: it only serves the group.
const ASTRAY: Duration = Duration::from_millis(5);
/// No batch holds more than this, whatever its count.
pub(super) const BATCH_BYTES: usize = 4 << 20;

impl Engine {
    /// Polls what is there; waits only for the first record. Records from before a rebalance are dropped: whoever
    /// holds their partition now reads them again.
    pub(super) fn poll(&mut self) -> Result<Vec<Raw>, Fault> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut wait = self.patience();
        while batch.len() < self.pace.limit() && bytes < BATCH_BYTES {
            let polled = self.consumer.poll(wait).map(|message| message.map(|message| self.take(&message)));
            if self.epoch != self.consumer.context().assignment().epoch {
                batch.clear();
                self.take_assignment();
            }
            match polled {
                None => break,
                Some(Ok(_)) if self.astray => {}
                Some(Ok(Some(raw))) => {
                    bytes += raw.size();
                    batch.push(raw);
                }
                Some(Ok(None)) => {}
                Some(Err(error)) => self.poll_failed(error)?,
            }
            wait = Duration::ZERO;
        }
        Ok(batch)
    }

    /// How long to wait for the first record.
    fn patience(&self) -> Duration {
        if self.astray {
            return ASTRAY;
        }
        if self.waiting.is_busy() {
            return Duration::ZERO;
        }
        let due = [self.held.next_due(), self.lobby.next_due(Instant::now())];
        due.into_iter().flatten().fold(IDLE, Duration::min)
    }

    /// A record of ours: of one that no step is for, only where it stood.
    fn take(&self, message: &BorrowedMessage<'_>) -> Option<Raw> {
        let value = message.payload().unwrap_or_default();
        let Some(place) = origin(message, &self.names) else {
            warn!(topic = message.topic(), "a record of a topic that is not ours");
            return None;
        };
        if place.topic == self.waiting.topics.retry {
            return Some(Raw::again(place, message.detach(), &self.names, topic_of(value, &self.codec)));
        }
        Some(match self.urgency(place.topic, value) {
            Urgency::Never => Raw::passed(place),
            urgency => Raw { urgency, ..Raw::at(place, message.detach()) },
        })
    }

    fn poll_failed(&self, error: KafkaError) -> Result<(), Fault> {
        let gone = [
            RDKafkaErrorCode::OffsetOutOfRange,
            RDKafkaErrorCode::AutoOffsetReset,
            RDKafkaErrorCode::NoOffset,
        ];
        let code = error.rdkafka_error_code();
        if code.is_some_and(|code| gone.contains(&code)) {
            let message = "records this group has not read yet are gone from the topic: restore them, or move the \
                           group's offsets by hand and accept the loss";
            return Err(Fault::fatal("offsets_vanished", message).caused_by(error));
        }
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(Fault::fatal("kafka_client", "the Kafka client cannot go on").caused_by(error));
        }
        warn!(%error, "polling");
        Ok(())
    }
}

/// Where a record stood, when its topic is one of ours.
pub(super) fn origin(message: &impl Message, names: &Names) -> Option<Origin> {
    let timestamp = message.timestamp().to_millis().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Some(Origin {
        topic: names.logical(message.topic())?,
        partition: message.partition(),
        offset: message.offset(),
        timestamp: timestamp.unwrap_or(Timestamp::UNIX_EPOCH),
    })
}
