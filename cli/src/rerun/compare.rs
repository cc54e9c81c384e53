//! What a replay says, against what the log has: by event ids, which a repeat of the same cause makes again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;
use orderflow::runtime::{Became, Replayed, Said};
use orderflow_letters::values::Values;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// One event that would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// How.
    pub what: What,
    /// The record type.
    pub record: String,
    /// Its topic.
    pub topic: String,
    /// Its Kafka key.
    pub key: String,
    /// Its id.
    pub id: Uuid,
    /// The step that says it.
    pub step: &'static str,
    /// The event it comes from.
    pub cause: Uuid,
    /// When that was handled, or would be.
    pub at: Timestamp,
    /// Of a different one, the fields that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// Why its step would not say it, where it would refuse the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// How an event would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The log does not have it.
    New,
    /// The log has it, with other content.
    Different,
    /// The log has it, and it would not be said.
    Missing,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where it is, such as `decision.score`.
    pub field: String,
    /// On the log; null where there is none.
    pub was: Value,
    /// In the replay.
    pub would_be: Value,
}

/// Compares one record after the other, and counts.
pub struct Comparison {
    values: Values,
    /// Events that would be the same, by record type.
    pub same: BTreeMap<String, u64>,
    /// Records that would be refused, by code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Records that would wait behind one that is refused.
    pub waiting: u64,
}

impl Comparison {
    /// Nothing compared yet.
    #[must_use]
    pub fn new(values: Values) -> Self {
        Self { values, same: BTreeMap::new(), refused: BTreeMap::new(), waiting: 0 }
    }

    /// What would change of the answers to one record.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn take(&mut self, replayed: &Replayed) -> Result<Vec<Change>> {
        let nothing = Vec::new();
        let (said, because) = match &replayed.became {
            Became::Answered(said) => (said, None),
            Became::Refused { code, message } => {
                *self.refused.entry(*code).or_default() += 1;
                (&nothing, Some(format!("{code}: {message}")))
            }
            Became::Waits => {
                self.waiting += 1;
                (&nothing, Some("it would wait behind a record that is refused".to_owned()))
            }
        };
        let mut changes = Vec::new();
        for was in &replayed.was {
            let now = said.iter().find(|one| one.envelope.id == was.envelope.id);
            let change = match now {
                Some(now) => self.different(replayed, was, now).await?,
                None => Some(Change { because: because.clone(), ..change(What::Missing, replayed, was) }),
            };
            match change {
                Some(change) => changes.push(change),
                None => *self.same.entry(record(was)).or_default() += 1,
            }
        }
        let known: BTreeSet<Uuid> = replayed.was.iter().map(|was| was.envelope.id).collect();
        let new = said.iter().filter(|one| !known.contains(&one.envelope.id));
        changes.extend(new.map(|one| change(What::New, replayed, one)));
        Ok(changes)
    }

    /// A value as it is shown: without what is secret or sealed.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn shown(&mut self, said: &Said) -> Result<Value> {
        let decoded = self.values.decode_bytes(Some(said.value.as_slice())).await?;
        Ok(decoded.map_or_else(Value::from, |decoded| decoded.shown))
    }

    async fn different(&mut self, replayed: &Replayed, was: &Said, now: &Said) -> Result<Option<Change>> {
        if was.value == now.value && was.key == now.key {
            return Ok(None);
        }
        let (mut fields, before, after) = (Vec::new(), self.shown(was).await?, self.shown(now).await?);
        differences("", &before, &after, &mut fields);
        if was.key != now.key {
            let (was, would_be) = (was.key.clone().into(), now.key.clone().into());
            fields.push(FieldChange { field: "(key)".to_owned(), was, would_be });
        }
        // Another version of the schema may write the same otherwise.
        Ok((!fields.is_empty()).then(|| Change { fields, ..change(What::Different, replayed, was) }))
    }
}

fn change(what: What, replayed: &Replayed, said: &Said) -> Change {
    Change {
        what,
        record: record(said),
        topic: said.topic.name().to_owned(),
        key: said.key.clone(),
        id: said.envelope.id,
        step: replayed.step,
        cause: replayed.cause.id,
        at: said.envelope.time,
        fields: Vec::new(),
        because: None,
    }
}

fn record(said: &Said) -> String {
    said.envelope.kind.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The fields that differ, each where the two part.
fn differences(path: &str, was: &Value, would_be: &Value, found: &mut Vec<FieldChange>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (was, would_be) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let value =
                    |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                differences(&below(name), &value(one), &value(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differences(&below(&index.to_string()), one, other, found);
            }
        }
        _ if was == would_be => {}
        _ => found.push(FieldChange { field: path.to_owned(), was: was.clone(), would_be: would_be.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_is_named_by_its_field_and_what_is_equal_is_not_told() {
        let was = json!({ "order": { "total": 100, "lines": [1, 2] }, "score": 0.2, "reasons": ["a"] });
        let now = json!({ "order": { "total": 100, "lines": [1, 3] }, "score": 0.9, "reasons": [] });
        let mut found = Vec::new();
        differences("", &was, &now, &mut found);
        let told: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.would_be.clone())).collect();
        assert_eq!(told, [("order.lines.1", json!(3)), ("reasons", json!([])), ("score", json!(0.9))]);
    }
}
