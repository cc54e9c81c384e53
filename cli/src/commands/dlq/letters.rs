//! A group's dead letters, and what its journal says has become of them.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    runtime::{dead_letter, original, waiting::journal::Note},
    step::Origin,
    topics::{GroupTopics, Names},
};
use rdkafka::{Message, message::OwnedMessage};
use uuid::Uuid;

use crate::{connection::Connection, log::read_raw};

/// A place on a dead-letter topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub partition: i32,
    pub offset: i64,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

/// A dead letter.
#[derive(Debug)]
pub(super) struct Letter {
    pub group: String,
    pub spot: Spot,
    /// When it was given up.
    pub time: Timestamp,
    /// The event's id.
    pub id: Uuid,
    /// The record type as its producer named it.
    pub record: String,
    /// Where it first stood.
    pub origin: Option<Origin>,
    pub code: String,
    pub message: String,
    pub attempts: u32,
    /// Whether it has been dealt with since.
    pub settled: bool,
    /// How many records of its key wait.
    pub waiting: usize,
    /// As it is on the topic.
    pub raw: OwnedMessage,
}

impl Letter {
    /// The key, for people.
    pub fn key_text(&self) -> String {
        String::from_utf8_lossy(self.raw.key().unwrap_or_default()).into_owned()
    }

    fn of(raw: OwnedMessage, group: &str, names: &Names) -> Self {
        let headers = raw.headers();
        let value = |name| original::last(headers?, name);
        let text =
            |name| value(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
        let millis = raw.timestamp().to_millis().unwrap_or_default();
        let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        let attempts = value(original::ATTEMPTS).and_then(|value| value.try_into().ok());
        let record = text("ce_type");
        Self {
            group: group.to_owned(),
            spot: Spot { partition: raw.partition(), offset: raw.offset() },
            time,
            id: id(&raw, names),
            record: record.rsplit('.').next().unwrap_or_default().to_owned(),
            origin: original::origin(headers, names),
            code: text(dead_letter::CODE),
            message: text(dead_letter::MESSAGE),
            attempts: attempts.map_or(0, u32::from_be_bytes),
            settled: false,
            waiting: 0,
            raw,
        }
    }
}

/// Every dead letter of a group, oldest first.
pub(super) async fn letters(connection: &Connection, group: &str) -> Result<Vec<Letter>> {
    let topics = GroupTopics::of(group).with_context(|| format!("{group} has no group"))?;
    let (config, names) = (connection.kafka_config(), connection.names());
    let dead = read_raw(&config, &names, &[topics.dead_letters]).await?;
    // Afterwards, so that a letter is never behind its own note.
    let journal = read_raw(&config, &names, &[topics.waiting]).await?;
    let mut settled = HashSet::new();
    let mut waiting: HashMap<&[u8], HashSet<Uuid>> = HashMap::new();
    for record in &journal {
        match Note::of(record.headers()) {
            Note::Buried(_) => {}
            Note::Settled(id) => {
                settled.insert(id);
            }
            Note::Waits => {
                waiting.entry(record.key().unwrap_or_default()).or_default().insert(id(record, &names));
            }
        }
    }
    let letter = |raw| {
        let mut letter = Letter::of(raw, group, &names);
        letter.settled = settled.contains(&letter.id);
        let line = waiting.get(letter.raw.key().unwrap_or_default());
        let open = line.into_iter().flatten().filter(|id| !settled.contains(*id) && **id != letter.id);
        letter.waiting = open.count();
        letter
    };
    Ok(dead.into_iter().map(letter).collect())
}

fn id(record: &OwnedMessage, names: &Names) -> Uuid {
    let place = || Origin {
        topic: orderflow::topics::ORDERS,
        partition: record.partition(),
        offset: record.offset(),
        timestamp: Timestamp::UNIX_EPOCH,
    };
    let origin = original::origin(record.headers(), names).unwrap_or_else(place);
    Envelope::from_headers(record.headers(), &origin, "", "").id
}
