//! Decodes any record whose schema the registry knows: a tool reads what every version of every service has written.

use anyhow::{Context, Result, anyhow};
use orderflow::{
    codec::{Codec, Known, schema_id},
    events::{PaymentFailed, Record},
    order_state::Facts,
    registry::Registry,
    runtime::waiting::journal::Note,
};
use serde_json::Value;

use super::{Entry, Place};

/// Learns schemas from the registry as their ids turn up.
pub struct Decoder {
    registry: Registry,
    codec: Codec,
}

impl Decoder {
    /// With the schemas of this registry.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry, codec: Codec::default() }
    }

    /// Learns the schemas of these records, so that they can be decoded.
    ///
    /// # Errors
    /// When the registry does not answer. A record without framing, or of an unknown schema, is no error here.
    pub async fn learn<'a>(&self, entries: impl IntoIterator<Item = &'a Entry>) -> Result<()> {
        let mut refused = Vec::new();
        for entry in entries {
            let Ok(id) = schema_id(&entry.value) else { continue };
            if refused.contains(&id) || self.codec.identify(&entry.value).is_ok() {
                continue;
            }
            match self.registry.by_id(id).await? {
                Some((_, schema)) => self.codec.allow_reading(id, known(&schema)?),
                None => refused.push(id),
            }
        }
        Ok(())
    }

    /// Tells `facts` what a record says of its order. Its schema must have been learnt.
    pub fn tell(&self, entry: &Entry, facts: &mut Facts) {
        let envelope = &entry.envelope;
        match &entry.place {
            Place::Topic(_) => {
                let reason = self.reason(entry);
                facts.event(&envelope.kind, reason.as_deref(), &envelope.source, envelope.causation_id);
            }
            Place::DeadLetters(service) | Place::Parked(service) => facts.dead_letter(service, envelope.id),
            Place::Waiting(service) => {
                if let Note::Settled(event) = entry.note {
                    facts.settled(service, event);
                }
            }
        }
    }

    /// Why a payment failed: the one reason that decides between two states.
    fn reason(&self, entry: &Entry) -> Option<String> {
        if !PaymentFailed::is_named(&entry.envelope.kind) {
            return None;
        }
        self.decode::<PaymentFailed>(entry).ok().flatten().map(|failed| failed.reason)
    }

    /// Whether a record on a topic cannot be read by the schema it names, or names none: services set it aside, and it
    /// says nothing, whatever its headers claim. Its schema must have been learnt.
    #[must_use]
    pub fn is_damaged(&self, entry: &Entry) -> bool {
        // A tombstone is whole; what was put aside is not read.
        let is_read = matches!(entry.place, Place::Topic(_)) && !entry.value.is_empty();
        is_read && self.codec.check(&entry.value).is_err()
    }

    /// The record type, by the schema it was written with.
    #[must_use]
    pub fn full_name(&self, entry: &Entry) -> Option<String> {
        self.codec.identify(&entry.value).ok().map(|(_, known)| known.full_name.clone())
    }

    /// The record, if it is one of this type.
    ///
    /// # Errors
    /// When its bytes do not fit the schema they name.
    pub fn decode<R: Record>(&self, entry: &Entry) -> Result<Option<R>> {
        if self.full_name(entry).as_deref() != Some(R::full_name().as_str()) {
            return Ok(None);
        }
        let decoded = self.codec.decode(&entry.value);
        decoded
            .map(Some)
            .map_err(|fault| anyhow!("{fault} (partition {}, offset {})", entry.partition, entry.offset))
    }
}

fn known(schema: &str) -> Result<Known> {
    let json: Value = serde_json::from_str(schema).context("the registry's schema is not JSON")?;
    let part = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let full_name = match (part("namespace"), part("name")) {
        (namespace, name) if namespace.is_empty() => name,
        (namespace, name) => format!("{namespace}.{name}"),
    };
    let schema =
        schema.parse().map_err(|error| anyhow!("the schema of {full_name} cannot be read: {error}"))?;
    Ok(Known { full_name, schema })
}
