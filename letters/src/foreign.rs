//! Dead letters of others: Spring Kafka, Kafka Connect and Kafka Streams each tell in headers of their own where a record
//! stood and what went wrong. Names and formats are from spring-kafka 3.3 (`KafkaHeaders`, `RetryTopicHeaders`: numbers
//! are big-endian), Kafka 4.3 Connect (`DeadLetterQueueReporter`) and Streams (KIP-1034, `ExceptionHandlerUtils`): numbers
//! are text.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use orderflow::runtime::{dead_letter, original::last};
use rdkafka::{
    Message,
    message::{Headers, OwnedHeaders, OwnedMessage},
};
use serde_json::{Value, json};

use crate::{Access, reading::read_named, values::Values};

/// Longer texts, such as a stack trace, are cut where they are shown.
const LONGEST: usize = 4_000;

/// Whose dead letter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// One of ours.
    Orderflow,
    /// `DeadLetterPublishingRecoverer`, `@RetryableTopic`.
    SpringKafka,
    /// A connector with `errors.deadletterqueue.topic.name`.
    KafkaConnect,
    /// A handler with `errors.dead.letter.queue.topic.name`.
    KafkaStreams,
    /// Its headers tell of none of them.
    Unknown,
}

impl System {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orderflow => "orderflow",
            Self::SpringKafka => "spring-kafka",
            Self::KafkaConnect => "kafka-connect",
            Self::KafkaStreams => "kafka-streams",
            Self::Unknown => "unknown",
        }
    }

    fn of(headers: &OwnedHeaders) -> Self {
        let begins = |prefix: &str| headers.iter().any(|header| header.key.starts_with(prefix));
        match () {
            () if last(headers, dead_letter::CODE).is_some() => Self::Orderflow,
            () if begins("__connect.errors.") => Self::KafkaConnect,
            () if begins("__streams.errors.") => Self::KafkaStreams,
            () if begins("kafka_dlt-") || begins("retry_topic-") => Self::SpringKafka,
            () => Self::Unknown,
        }
    }
}

/// A dead letter as its own system tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Whose it is.
    pub system: System,
    /// Where it stands: partition and offset.
    pub place: (i32, i64),
    /// When it was written.
    pub time: Timestamp,
    /// Its key as text.
    pub key: String,
    /// Where it first stood, as far as that is told: topic, partition, offset.
    pub from: (Option<String>, Option<i64>, Option<i64>),
    /// Who gave it up: a consumer group, a connector.
    pub by: Option<String>,
    /// The exception's class; the cause's, where both are told.
    pub exception: Option<String>,
    /// The exception's message.
    pub message: Option<String>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// Every header as text or number.
    pub headers: BTreeMap<String, Value>,
}

impl Foreign {
    /// Reads one.
    #[must_use]
    pub fn of(raw: &OwnedMessage) -> Self {
        let none = OwnedHeaders::new();
        let headers = raw.headers().unwrap_or(&none);
        let system = System::of(headers);
        let text = |name: &str| last(headers, name).map(|value| cut(&String::from_utf8_lossy(value)));
        let number = |name: &str| last(headers, name).and_then(|value| number(name, value));
        let either = |one: &str, other: &str| text(one).or_else(|| text(other));
        let (from, by, exception, message) = match system {
            System::KafkaConnect => (
                "__connect.errors.",
                text("__connect.errors.connector.name"),
                text("__connect.errors.exception.class.name"),
                text("__connect.errors.exception.message"),
            ),
            System::KafkaStreams => (
                "__streams.errors.",
                None,
                text("__streams.errors.exception"),
                text("__streams.errors.message"),
            ),
            System::Orderflow | System::SpringKafka | System::Unknown => (
                "kafka_dlt-original-",
                text("kafka_dlt-original-consumer-group"),
                // Spring wraps what a listener throws in an exception of its own.
                either("kafka_dlt-exception-cause-fqcn", "kafka_dlt-exception-fqcn")
                    .or_else(|| text("kafka_dlt-key-exception-fqcn")),
                either("kafka_dlt-exception-message", "kafka_dlt-key-exception-message"),
            ),
        };
        let part = |name: &str| format!("{from}{name}");
        Self {
            system,
            place: (raw.partition(), raw.offset()),
            time: Timestamp::from_millisecond(raw.timestamp().to_millis().unwrap_or_default())
                .unwrap_or(Timestamp::UNIX_EPOCH),
            key: String::from_utf8_lossy(raw.key().unwrap_or_default()).into_owned(),
            from: (text(&part("topic")), number(&part("partition")), number(&part("offset"))),
            by,
            exception,
            message,
            attempts: number("retry_topic-attempts"),
            headers: headers
                .iter()
                .map(|header| (header.key.to_owned(), shown(header.key, header.value)))
                .collect(),
        }
    }

    /// All of it.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let (topic, partition, offset) = &self.from;
        json!({
            "system": self.system.name(),
            "place": format!("{}:{}", self.place.0, self.place.1),
            "time": self.time,
            "key": self.key,
            "from": { "topic": topic, "partition": partition, "offset": offset },
            "by": self.by,
            "exception": self.exception,
            "message": self.message,
            "attempts": self.attempts,
            "headers": self.headers,
        })
    }
}

/// Every record of a topic of any name, with its value where that can be decoded or is text.
///
/// # Errors
/// When the broker or the registry does not answer.
pub async fn read(access: &Access, topic: &str) -> Result<Vec<(Foreign, Value)>> {
    let mut values = Values::new(access.registry.clone())?;
    let mut found = Vec::new();
    for raw in read_named(&access.config, vec![topic.to_owned()]).await? {
        let value = match values.decode_bytes(raw.payload()).await? {
            Ok(decoded) => decoded.shown,
            Err(_) => raw.payload().map_or(Value::Null, plain),
        };
        found.push((Foreign::of(&raw), value));
    }
    Ok(found)
}

/// JSON as JSON, text as text, everything else by its length.
fn plain(value: &[u8]) -> Value {
    let bytes = || json!({ "bytes": value.len() });
    serde_json::from_slice(value).ok().unwrap_or_else(|| match std::str::from_utf8(value) {
        Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => Value::from(cut(text)),
        _ => bytes(),
    })
}

fn shown(name: &str, value: Option<&[u8]>) -> Value {
    match value {
        None => Value::Null,
        Some(value) => match number(name, value) {
            Some(number) => Value::from(number),
            None => Value::from(cut(&String::from_utf8_lossy(value))),
        },
    }
}

/// A header that is a number. Spring writes them big-endian (the time of `retry_topic-original-timestamp` in as few bytes
/// as it takes, the attempts of old versions in one), Connect and Streams as text.
fn number(name: &str, value: &[u8]) -> Option<i64> {
    let is_text = ["__connect.errors.", "__streams.errors."].iter().any(|prefix| name.starts_with(prefix));
    let ends = ["partition", "offset", "task.id"].iter().any(|end| name.ends_with(end));
    let is_binary =
        ["kafka_dlt-original-partition", "kafka_dlt-original-offset", "kafka_dlt-original-timestamp"]
            .contains(&name)
            || ["retry_topic-attempts", "retry_topic-original-timestamp", "retry_topic-backoff-timestamp"]
                .contains(&name);
    match () {
        () if is_text && ends => std::str::from_utf8(value).ok()?.parse().ok(),
        () if is_binary && (1..=8).contains(&value.len()) => {
            let first = if value[0] & 0x80 == 0 { 0 } else { -1 };
            Some(value.iter().fold(first, |number: i64, byte| (number << 8) | i64::from(*byte)))
        }
        () => None,
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spring_writes_numbers_big_endian_and_the_others_as_text() {
        let table: [(&str, &[u8], Option<i64>); 9] = [
            ("kafka_dlt-original-partition", &7_i32.to_be_bytes(), Some(7)),
            ("kafka_dlt-original-offset", &(1_i64 << 40).to_be_bytes(), Some(1 << 40)),
            ("retry_topic-attempts", &[3], Some(3)),
            ("retry_topic-attempts", &3_i32.to_be_bytes(), Some(3)),
            (
                "retry_topic-original-timestamp",
                &1_700_000_000_000_i64.to_be_bytes()[2..],
                Some(1_700_000_000_000),
            ),
            ("kafka_dlt-original-topic", b"orders", None),
            ("__connect.errors.partition", b"12", Some(12)),
            ("__streams.errors.offset", b"1099511627776", Some(1 << 40)),
            ("__streams.errors.topic", b"12", None),
        ];
        for (name, value, expected) in table {
            assert_eq!(number(name, value), expected, "{name}");
        }
        assert_eq!(number("kafka_dlt-original-offset", &(-1_i64).to_be_bytes()), Some(-1));
        assert_eq!(number("kafka_dlt-original-offset", b""), None);
    }
}
