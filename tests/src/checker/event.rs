//! One record, read.

use serde_json::Value;
use uuid::Uuid;

use super::{headers, ids};
use crate::chaos::evidence::RawRecord;

/// A record of a topic of the shop, or of a group's own.
#[derive(Debug, Clone)]
pub struct Event {
    /// As it lies on its topic.
    pub raw: RawRecord,
    /// Without the prefix.
    pub topic: String,
    /// As text.
    pub key: String,
    /// `ce_id`, or what stands for it.
    pub id: Uuid,
    /// The record type without its namespace; empty when the bytes are none of this topic's.
    pub kind: String,
    /// Its fields; null when they cannot be read.
    pub fields: Value,
    /// `ce_source`: the step that made it.
    pub source: String,
    /// `ce_causationid`.
    pub cause: Option<Uuid>,
}

impl Event {
    /// Reads a record's headers. `decoded` is the full name of its type and its fields.
    #[must_use]
    pub fn of(raw: RawRecord, prefix: &str, decoded: Option<(String, Value)>) -> Self {
        let topic = plain(&raw.topic, prefix);
        let text = |name| headers::text(&raw, name);
        let place = headers::origin(&raw).filter(|_| is_aside(&topic)).map_or_else(
            || (topic.clone(), raw.partition, raw.offset),
            |(topic, partition, offset)| (plain(&topic, prefix), partition, offset),
        );
        let id = match text("ce_id") {
            Some(id) => Uuid::parse_str(id)
                .unwrap_or_else(|_| ids::of_parts(&[text("ce_source").unwrap_or_default(), id])),
            None => ids::of_place(&place.0, place.1, place.2),
        };
        let (source, cause) =
            (text("ce_source").unwrap_or_default(), text("ce_causationid").map(Uuid::parse_str));
        let key = String::from_utf8_lossy(raw.key.as_deref().unwrap_or_default()).into_owned();
        // A type that belongs on another topic is nothing here.
        let namespace = format!("orderflow.{topic}.");
        let (name, fields) = decoded.unwrap_or_default();
        let kind = name.strip_prefix(&namespace).unwrap_or_default().to_owned();
        let (source, cause) = (source.to_owned(), cause.and_then(Result::ok));
        Self { raw, topic, key, id, kind, fields, source, cause }
    }

    /// The order it is about: topics of orders have its id as key.
    #[must_use]
    pub fn order(&self) -> Option<Uuid> {
        Uuid::parse_str(&self.key).ok()
    }

    /// The order its fields are about, whatever its key.
    #[must_use]
    pub fn content_order(&self) -> Option<Uuid> {
        let told = [self.text("/order/order_id"), self.text("/order_id")];
        told.into_iter().find_map(|id| Uuid::parse_str(id).ok()).or_else(|| self.order())
    }

    /// The service that made it.
    #[must_use]
    pub fn service(&self) -> &str {
        self.source.split('.').next().unwrap_or_default()
    }

    /// Where it stands: topic without the prefix, partition, offset.
    #[must_use]
    pub fn place(&self) -> (&str, i32, i64) {
        (&self.topic, self.raw.partition, self.raw.offset)
    }

    /// A text among its fields, by JSON pointer.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.fields.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A whole number among its fields; 0 when there is none.
    #[must_use]
    pub fn number(&self, pointer: &str) -> i64 {
        self.fields.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }
}

/// A topic's name without the prefix.
pub(super) fn plain(topic: &str, prefix: &str) -> String {
    topic.strip_prefix(prefix).unwrap_or(topic).to_owned()
}

/// Whether a topic is a group's own.
pub(super) fn is_aside(topic: &str) -> bool {
    [".dlq", ".parked", ".retry", ".waiting"].iter().any(|end| topic.ends_with(end))
}
