//! `schemas/topics.yaml`, read: the one catalogue of topics.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::{schemas, topics::GroupTopics};

/// Who writes what the command line writes by itself: people, not a service.
pub const OPERATOR: &str = "operator";

/// Every topic, and what holds for all dead-letter topics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The topics by name, without prefix.
    pub topics: BTreeMap<String, TopicEntry>,
    /// Every group's topics for dead letters, and for those that were given up for now.
    pub dead_letters: DeadLetters,
    /// Every group's topics for records that wait behind a dead letter, and for those handled again.
    pub waiting: Waiting,
    /// Fields that say something about a person, by record and field.
    pub personal_data: BTreeMap<String, BTreeMap<String, PersonalData>>,
}

/// The keys of topics on which the order of a key's records counts.
pub const ORDER_ID: &str = "order id";

/// One topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicEntry {
    /// What it is for.
    pub about: String,
    /// The service that answers for it.
    pub owner: String,
    /// What its Kafka keys are.
    pub key: String,
    /// How many partitions it has, unless the environment says otherwise.
    pub partitions: i32,
    /// How long records are kept.
    pub retention: Retention,
    /// The record types on it, each with the service that writes it.
    pub records: BTreeMap<String, Writers>,
    /// Services that read it as input.
    pub read_by: Vec<String>,
}

/// Who writes a record type: one service as a rule, several only where nobody relies on a single one. [`OPERATOR`] is no
/// service.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "OneOrSeveral")]
pub struct Writers(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

impl From<OneOrSeveral> for Writers {
    fn from(writers: OneOrSeveral) -> Self {
        Self(match writers {
            OneOrSeveral::One(writer) => vec![writer],
            OneOrSeveral::Several(writers) => writers,
        })
    }
}

impl Writers {
    /// Whether this service is one of them.
    #[must_use]
    pub fn include(&self, service: &str) -> bool {
        self.0.iter().any(|writer| writer == service)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// What holds for every `<group>.dlq` and `<group>.parked`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetters {
    /// How many partitions each has.
    pub partitions: i32,
    /// How long records are kept.
    pub retention: Retention,
    /// Services that read what the groups on an order's path have put aside: their dead letters, those parked, and the
    /// journals of what waits.
    pub read_by: Vec<String>,
}

/// What holds for every `<group>.retry` and `<group>.waiting`. Each has as many partitions as the group's inputs that are
/// keyed by order: so a key's records meet on one instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// How long records are kept: as long as dead letters.
    pub retention: Retention,
}

/// How close a field is to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalData {
    /// Points at a person only with other data at hand.
    Pseudonymous,
    /// Unreadable without the customer's key.
    Sealed,
    /// Must never be logged.
    Secret,
}

/// How long a topic keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Retention {
    /// Until removed by hand.
    All,
    /// The newest record of each key.
    Compacted,
    /// So many days.
    Days(u32),
}

impl TryFrom<String> for Retention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "all" => Ok(Self::All),
            "compacted" => Ok(Self::Compacted),
            days => days
                .strip_suffix('d')
                .and_then(|days| days.parse().ok())
                .map(Self::Days)
                .ok_or_else(|| format!("retention `{days}` is none of: all, compacted, <days>d")),
        }
    }
}

impl Retention {
    /// As Kafka's topic settings.
    #[must_use]
    pub fn settings(self) -> [(&'static str, String); 2] {
        match self {
            Self::All => [("cleanup.policy", "delete".to_owned()), ("retention.ms", "-1".to_owned())],
            Self::Compacted => [("cleanup.policy", "compact".to_owned()), ("retention.ms", "-1".to_owned())],
            Self::Days(days) => [
                ("cleanup.policy", "delete".to_owned()),
                ("retention.ms", (u64::from(days) * 86_400_000).to_string()),
            ],
        }
    }
}

impl Catalogue {
    /// The catalogue this program was built with.
    ///
    /// # Errors
    /// When the file is malformed, or a record on a topic has no schema there.
    pub fn load() -> anyhow::Result<Self> {
        let catalogue: Self =
            serde_yaml_ng::from_str(schemas::topics_yaml()?).context("schemas/topics.yaml cannot be read")?;
        let schemas = schemas::all()?;
        for (topic, entry) in &catalogue.topics {
            for record in entry.records.keys() {
                let full_name = format!("orderflow.{topic}.{record}");
                if !schemas.iter().any(|schema| schema.full_name == full_name && &schema.topic == topic) {
                    bail!(
                        "schemas/topics.yaml names {record} on {topic}, but schemas/{topic}/{record}.avsc is not it"
                    );
                }
            }
        }
        Ok(catalogue)
    }

    /// The services with a consumer group, each once: those that read a topic as input, not only follow one.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<&str, GroupTopics> {
        let readers = self.topics.values().flat_map(|entry| &entry.read_by);
        readers.filter_map(|service| Some((service.as_str(), GroupTopics::of(service)?))).collect()
    }

    /// The services that read or write a topic, each once. Operators have no group, and so no dead letters.
    #[must_use]
    pub fn services(&self) -> Vec<&str> {
        let names = self.topics.values().flat_map(|entry| {
            let writers = entry.records.values().flat_map(Writers::iter);
            writers.chain(entry.read_by.iter().map(String::as_str))
        });
        let mut names: Vec<&str> = names.filter(|name| *name != OPERATOR).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_writes_but_is_no_service() {
        let catalogue = Catalogue::load().unwrap();
        assert!(catalogue.topics["audit"].records["CustomerErased"].include(OPERATOR));
        let services = catalogue.services();
        assert!(services.contains(&"order-intake") && !services.contains(&OPERATOR));
    }
}
