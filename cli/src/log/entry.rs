//! One record as it stands on a topic or a dead-letter topic.

use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    step::Origin,
    topics::{Names, Topic},
};
use rdkafka::{
    Message,
    message::{BorrowedMessage, Headers},
};
use uuid::Uuid;

/// Whose record it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a topic.
    Topic(Topic),
    /// On the dead-letter topic of this service's group.
    DeadLetters(String),
}

/// A record, with the envelope it came in.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it is.
    pub place: Place,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Kafka's own time of the record.
    pub timestamp: Timestamp,
    /// The Kafka key as text.
    pub key: String,
    /// As it is on the topic; empty for a tombstone.
    pub value: Vec<u8>,
    /// The headers as one.
    pub envelope: Envelope,
    /// The fault's code and message, for a dead letter.
    pub fault: Option<(String, String)>,
}

impl Entry {
    /// A record off the wire; `None` when its topic is none of this environment's.
    pub(super) fn of(message: &BorrowedMessage<'_>, names: &Names, services: &[String]) -> Option<Self> {
        let place = place(message.topic(), names, services)?;
        let millis = message.timestamp().to_millis().unwrap_or(0);
        let timestamp = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        // A dead letter keeps the headers of the record it was; without any, where it was tells its id.
        let origin = original(message, names).unwrap_or_else(|| Origin {
            topic: if let Place::Topic(topic) = place { topic } else { orderflow::topics::ORDERS },
            partition: message.partition(),
            offset: message.offset(),
            timestamp,
        });
        let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
        let text = |name| header(message, name).map(|value| String::from_utf8_lossy(value).into_owned());
        let fault = text(orderflow::runtime::dead_letter::CODE)
            .map(|code| (code, text("kafka_dlt-exception-message").unwrap_or_default()));
        Some(Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp,
            value: message.payload().unwrap_or_default().to_vec(),
            envelope: Envelope::from_headers(message.headers(), &origin, &key, ""),
            fault,
            place,
            key,
        })
    }

    /// The order it is about, if it is about one.
    #[must_use]
    pub fn order_id(&self) -> Option<Uuid> {
        Uuid::parse_str(&self.key).ok()
    }

    /// The record type without its namespace.
    #[must_use]
    pub fn record(&self) -> &str {
        self.envelope.kind.rsplit('.').next().unwrap_or_default()
    }
}

fn place(name: &str, names: &Names, services: &[String]) -> Option<Place> {
    names.logical(name).map(Place::Topic).or_else(|| {
        let service = services.iter().find(|service| names.dead_letters(service) == name)?;
        Some(Place::DeadLetters(service.clone()))
    })
}

/// Where a dead letter was before it died.
fn original(message: &BorrowedMessage<'_>, names: &Names) -> Option<Origin> {
    let topic = names.logical(std::str::from_utf8(header(message, "kafka_dlt-original-topic")?).ok()?)?;
    let partition = i32::from_be_bytes(header(message, "kafka_dlt-original-partition")?.try_into().ok()?);
    let offset = i64::from_be_bytes(header(message, "kafka_dlt-original-offset")?.try_into().ok()?);
    let millis = i64::from_be_bytes(header(message, "kafka_dlt-original-timestamp")?.try_into().ok()?);
    Some(Origin { topic, partition, offset, timestamp: Timestamp::from_millisecond(millis).ok()? })
}

/// The last header of that name, as Kafka's own `lastHeader` takes it.
fn header<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    let headers = message.headers()?;
    (0..headers.count()).rev().map(|index| headers.get(index)).find(|header| header.key == name)?.value
}
