//! What a dead letter says: of its headers, for people and machines.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use orderflow::{
    runtime::{dead_letter, original, waiting::parked::Parking},
    step::Origin,
    topics::{Names, ORDERS},
    trace::TraceContext,
};
use rdkafka::{
    Message,
    message::{Headers, OwnedMessage},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A place on a dead-letter topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

/// What names a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Where it stands, also once it is parked.
    At(Spot),
    /// The event that could not be handled.
    Event(Uuid),
}

impl Which {
    /// Reads `PARTITION:OFFSET`, or an event's id.
    ///
    /// # Errors
    /// When it is neither, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spot = || {
            let (partition, offset) = text.split_once(':')?;
            Some(Spot { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        };
        let event = || text.parse().ok().map(Self::Event);
        let parsed = spot().map(Self::At).or_else(event);
        parsed.ok_or_else(|| format!("`{text}` is neither PARTITION:OFFSET, such as 0:42, nor an event's id"))
    }

    /// Whether it names this letter.
    #[must_use]
    pub fn names(self, letter: &Letter) -> bool {
        match self {
            Self::At(spot) => letter.spot == spot,
            Self::Event(id) => letter.id == id,
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(spot) => write!(f, "at {spot}"),
            Self::Event(id) => write!(f, "of event {id}"),
        }
    }
}

/// What has become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It waits for somebody to look.
    Open,
    /// Somebody has looked, and given it up for now.
    Parked(Parking),
    /// It has been dealt with.
    Settled,
    /// Somebody has given it up for good.
    Discarded,
}

impl Standing {
    /// Its name in JSON and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Parked(_) => "parked",
            Self::Settled => "settled",
            Self::Discarded => "discarded",
        }
    }

    /// Whether nothing is left to be done about it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Settled | Self::Discarded)
    }
}

/// A dead letter.
#[derive(Debug)]
pub struct Letter {
    /// The service whose group gave it up.
    pub group: String,
    /// Where it stands.
    pub spot: Spot,
    /// When it was written.
    pub time: Timestamp,
    /// The event's id, by which its group knows it.
    pub id: Uuid,
    /// The event it is now, of one that was edited.
    pub edited_id: Option<Uuid>,
    /// The record type as its producer named it.
    pub record: String,
    /// Where it first stood.
    pub origin: Option<Origin>,
    /// The fault's stable code.
    pub code: String,
    /// The fault in words.
    pub message: String,
    /// Failed attempts, of all its lives.
    pub attempts: u32,
    /// How often an operator has had it handled again.
    pub returns: u32,
    /// When it failed for the first time.
    pub first_failed: Option<Timestamp>,
    /// When it failed for the last time.
    pub last_failed: Option<Timestamp>,
    /// The service's version that gave it up.
    pub version: String,
    /// The trace it belongs to.
    pub trace_id: Option<String>,
    /// What has become of it.
    pub standing: Standing,
    /// How many records of its key wait.
    pub waiting: usize,
    /// As it is on the topic.
    pub raw: OwnedMessage,
}

impl Letter {
    /// Reads a record of a dead-letter topic, or of one of parked letters.
    #[must_use]
    pub fn of(raw: OwnedMessage, spot: Spot, group: &str, names: &Names) -> Self {
        let headers = raw.headers();
        let value = |name| original::last(headers?, name);
        let text =
            |name| value(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
        let number = |name| value(name).and_then(|value| value.try_into().ok()).map_or(0, u32::from_be_bytes);
        let moment = |name| text(name).parse().ok();
        let millis = raw.timestamp().to_millis().unwrap_or_default();
        let record = text("ce_type");
        let id = event_id(&raw, names);
        Self {
            group: group.to_owned(),
            spot,
            time: Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH),
            id,
            edited_id: value(original::EDITS)
                .and_then(|_| text("ce_id").parse().ok())
                .filter(|new| *new != id),
            record: record.rsplit('.').next().unwrap_or_default().to_owned(),
            origin: original::origin(headers, names),
            code: text(dead_letter::CODE),
            message: text(dead_letter::MESSAGE),
            attempts: number(original::ATTEMPTS),
            returns: number(original::RETURNS),
            first_failed: moment(original::FIRST_FAILED),
            last_failed: moment(dead_letter::LAST_FAILED),
            version: text(dead_letter::VERSION),
            trace_id: TraceContext::parse(&text(dead_letter::TRACE)).map(|trace| trace.trace_id()),
            standing: Standing::Open,
            waiting: 0,
            raw,
        }
    }

    /// The key, for people.
    #[must_use]
    pub fn key_text(&self) -> String {
        String::from_utf8_lossy(self.raw.key().unwrap_or_default()).into_owned()
    }

    /// The topic it first stood on, without prefix; empty when its headers do not tell.
    #[must_use]
    pub fn topic(&self) -> &'static str {
        self.origin.map_or("", |origin| origin.topic.name())
    }

    /// Its headers as text; numbers as Spring writes them become numbers again. What an edit has changed is not text.
    #[must_use]
    pub fn headers(&self) -> BTreeMap<String, String> {
        let headers = self.raw.headers().into_iter().flat_map(|headers| headers.iter());
        let shown = headers.filter(|header| header.key != original::BEFORE_EDIT).map(|header| {
            let value = header.value.unwrap_or_default();
            let binary = [original::ATTEMPTS, original::RETURNS].contains(&header.key);
            let text = match (binary || header.key.starts_with("kafka_dlt-original-"), value.len()) {
                (true, 4) => value.try_into().map(|bytes| i32::from_be_bytes(bytes).to_string()).ok(),
                (true, 8) => value.try_into().map(|bytes| i64::from_be_bytes(bytes).to_string()).ok(),
                _ => None,
            };
            let text = text.unwrap_or_else(|| String::from_utf8_lossy(value).into_owned());
            (header.key.to_owned(), text)
        });
        shown.collect()
    }

    /// All of it but headers and value.
    #[must_use]
    pub fn as_json(&self) -> Value {
        json!({
            "group": self.group,
            "place": self.spot.to_string(),
            "time": self.time,
            "id": self.id,
            "edited_id": self.edited_id,
            "record": self.record,
            "key": self.key_text(),
            "from": self.origin.map(|origin| {
                json!({ "topic": origin.topic.name(), "partition": origin.partition, "offset": origin.offset,
                    "time": origin.timestamp })
            }),
            "code": self.code,
            "message": self.message,
            "attempts": self.attempts,
            "returns": self.returns,
            "first_failed_at": self.first_failed,
            "last_failed_at": self.last_failed,
            "version": self.version,
            "trace_id": self.trace_id,
            "standing": self.standing.name(),
            "settled": self.standing.is_over(),
            "parked": match &self.standing {
                Standing::Parked(Parking { by, reason, at, .. }) => {
                    json!({ "by": by, "reason": reason, "at": at })
                }
                Standing::Open | Standing::Settled | Standing::Discarded => Value::Null,
            },
            "waiting": self.waiting,
        })
    }
}

/// In one line.
impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {} ({})", self.spot, self.record, self.key_text(), self.code)
    }
}

/// The id by which its group knows a record that was put aside.
pub(crate) fn event_id(record: &OwnedMessage, names: &Names) -> Uuid {
    let place = || Origin {
        topic: ORDERS,
        partition: record.partition(),
        offset: record.offset(),
        timestamp: Timestamp::UNIX_EPOCH,
    };
    let origin = original::origin(record.headers(), names).unwrap_or_else(place);
    original::event_id(record.headers(), &origin)
}
