//! One record as it stands on a topic or a dead-letter topic.

use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    runtime::{
        dead_letter, original,
        waiting::{journal::Note, parked::Parking},
    },
    step::Origin,
    topics::{GroupTopics, Names, Topic},
};
use rdkafka::{Message, message::BorrowedMessage};
use uuid::Uuid;

/// Whose record it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a topic.
    Topic(Topic),
    /// On the dead-letter topic of this service's group.
    DeadLetters(String),
    /// On the topic of those dead letters of this service's group that are parked.
    Parked(String),
    /// In the journal of what waits behind this service's dead letters.
    Waiting(String),
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
    /// The headers as one; the id of what was put aside is the one its group knows it by.
    pub envelope: Envelope,
    /// The fault's code and message, for a dead letter.
    pub fault: Option<(String, String)>,
    /// What it says, in a journal.
    pub note: Note,
    /// Who has parked it, of a letter that is.
    pub parking: Option<Parking>,
}

impl Entry {
    /// A record off the wire; `None` when its topic is none of this environment's.
    pub(super) fn of(message: &BorrowedMessage<'_>, names: &Names) -> Option<Self> {
        let place = place(names.logical(message.topic())?);
        let millis = message.timestamp().to_millis().unwrap_or(0);
        let timestamp = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        // What was put aside keeps the headers of the record it was; without any, where it was tells its id.
        let origin = original::origin(message.headers(), names).unwrap_or_else(|| Origin {
            topic: if let Place::Topic(topic) = place { topic } else { orderflow::topics::ORDERS },
            partition: message.partition(),
            offset: message.offset(),
            timestamp,
        });
        let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
        let text = |name| {
            let value = original::last(message.headers()?, name)?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        let fault =
            text(dead_letter::CODE).map(|code| (code, text(dead_letter::MESSAGE).unwrap_or_default()));
        let mut envelope = Envelope::from_headers(message.headers(), &origin, &key, "");
        if !matches!(place, Place::Topic(_)) {
            envelope.id = original::event_id(message.headers(), &origin);
        }
        Some(Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp,
            value: message.payload().unwrap_or_default().to_vec(),
            envelope,
            fault,
            note: Note::of(message.headers()),
            parking: Parking::of(message.headers()).filter(|_| matches!(place, Place::Parked(_))),
            place,
            key,
        })
    }

    /// The order it is about, if it is about one.
    #[must_use]
    pub fn order_id(&self) -> Option<Uuid> {
        Uuid::parse_str(&self.key).ok()
    }

    /// Where it stands, for people: topic, partition and offset.
    #[must_use]
    pub fn spot(&self) -> String {
        let topic = match &self.place {
            Place::Topic(topic) => topic.name(),
            Place::DeadLetters(service) | Place::Parked(service) | Place::Waiting(service) => {
                service.as_str()
            }
        };
        format!("{topic} {}:{}", self.partition, self.offset)
    }

    /// The record type without its namespace.
    #[must_use]
    pub fn record(&self) -> &str {
        self.envelope.kind.rsplit('.').next().unwrap_or_default()
    }
}

fn place(topic: Topic) -> Place {
    match GroupTopics::owner(topic) {
        Some((service, group)) if topic == group.dead_letters => Place::DeadLetters(service.to_owned()),
        Some((service, group)) if topic == group.parked => Place::Parked(service.to_owned()),
        Some((service, group)) if topic == group.waiting => Place::Waiting(service.to_owned()),
        _ => Place::Topic(topic),
    }
}
