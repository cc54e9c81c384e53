//! What the topics should be, what they are, and the difference. Pure.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::{
    catalogue::{Catalogue, ORDER_ID},
    topics::{self, Names},
};

/// What an environment may choose for its topics.
#[derive(Debug, Clone)]
pub struct Choices {
    /// Partitions of every topic to which the catalogue gives more than one: a single partition is a decision.
    pub partitions: Option<i32>,
    /// Copies of each partition; the broker's own default when absent.
    pub replication: Option<i32>,
    /// Copies that must have a record before it is acknowledged; the broker's own setting when absent.
    pub min_in_sync: Option<i32>,
}

/// A topic as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name on the broker.
    pub topic: String,
    /// How many partitions.
    pub partitions: i32,
    /// Its settings, by Kafka's names.
    pub settings: BTreeMap<String, String>,
}

/// A topic as it is: partitions, and the settings it was given itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many partitions.
    pub partitions: i32,
    /// Settings in force.
    pub settings: BTreeMap<String, String>,
    /// Those of them that were set on the topic itself.
    pub own: BTreeSet<String>,
}

/// A difference between what is and what should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[allow(missing_docs)] // the fields are what their names say
pub enum Change {
    /// The topic is missing.
    Create { topic: String, partitions: i32, replication: Option<i32>, settings: BTreeMap<String, String> },
    /// It has fewer partitions. More would put a key's next records elsewhere than its earlier ones.
    AddPartitions { topic: String, from: i32, to: i32 },
    /// It has more partitions, which cannot be undone.
    SparePartitions { topic: String, from: i32, to: i32 },
    /// A setting differs.
    Alter { topic: String, setting: String, from: Option<String>, to: String },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { topic, partitions, replication, settings } => {
                let settings: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let settings = settings.join(" ");
                let copies = replication.map_or_else(|| "default".to_owned(), |copies| copies.to_string());
                write!(f, "+ {topic}: partitions={partitions} replication={copies} {settings}")
            }
            Self::AddPartitions { topic, from, to } => {
                write!(
                    f,
                    "~ {topic}: {from} partitions, wants {to} (with --add-partitions; breaks order per key)"
                )
            }
            Self::SparePartitions { topic, from, to } => {
                write!(f, "! {topic}: {from} partitions, wants {to}; partitions cannot be taken away")
            }
            Self::Alter { topic, setting, from, to } => {
                write!(f, "~ {topic}: {setting} {} -> {to}", from.as_deref().unwrap_or("(unset)"))
            }
        }
    }
}

/// Every topic of the catalogue, and for each service that reads one the topics of its group: dead letters, those
/// given up for now, records to handle again, records that wait.
#[must_use]
pub fn wanted(catalogue: &Catalogue, names: &Names, choices: &Choices) -> Vec<Wanted> {
    let own = topics::ALL.into_iter().filter_map(|topic| {
        let entry = catalogue.topics.get(topic.name())?;
        Some((names.topic(topic), entry.partitions, entry.retention))
    });
    let of_groups = catalogue.groups().into_iter().flat_map(|(service, group)| {
        let letters = &catalogue.dead_letters;
        let by_order = partitions_by_order(catalogue, service);
        let kept = catalogue.waiting.retention;
        [
            (names.topic(group.dead_letters), letters.partitions, letters.retention),
            (names.topic(group.parked), letters.partitions, letters.retention),
            (names.topic(group.retry), by_order, kept),
            (names.topic(group.waiting), by_order, kept),
        ]
    });
    own.chain(of_groups)
        .map(|(topic, partitions, retention)| {
            let mut settings: BTreeMap<String, String> =
                retention.settings().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            if let Some(copies) = choices.min_in_sync {
                settings.insert("min.insync.replicas".to_owned(), copies.to_string());
            }
            let partitions = choices.partitions.filter(|_| partitions > 1).unwrap_or(partitions);
            Wanted { topic, partitions, settings }
        })
        .collect()
}

/// How many partitions a service's inputs have that are keyed by order: the most of any of them.
fn partitions_by_order(catalogue: &Catalogue, service: &str) -> i32 {
    let inputs = catalogue
        .topics
        .values()
        .filter(|entry| entry.key == ORDER_ID && entry.read_by.iter().any(|reader| reader == service));
    inputs.map(|entry| entry.partitions).max().unwrap_or(1)
}

/// What would have to change. Settings nobody asked for are left alone.
#[must_use]
pub fn differences(wanted: &[Wanted], found: &BTreeMap<String, Found>, choices: &Choices) -> Vec<Change> {
    let mut changes = Vec::new();
    for Wanted { topic, partitions, settings } in wanted {
        let Some(found) = found.get(topic) else {
            let (topic, settings) = (topic.clone(), settings.clone());
            let (partitions, replication) = (*partitions, choices.replication);
            changes.push(Change::Create { topic, partitions, replication, settings });
            continue;
        };
        let (topic, from, to) = (topic.clone(), found.partitions, *partitions);
        match from.cmp(&to) {
            Ordering::Less => changes.push(Change::AddPartitions { topic: topic.clone(), from, to }),
            Ordering::Greater => changes.push(Change::SparePartitions { topic: topic.clone(), from, to }),
            Ordering::Equal => {}
        }
        for (setting, to) in settings.iter().filter(|(setting, to)| found.settings.get(*setting) != Some(to))
        {
            let from = found.settings.get(setting).cloned();
            changes.push(Change::Alter {
                topic: topic.clone(),
                setting: setting.clone(),
                from,
                to: to.clone(),
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICES: Choices = Choices { partitions: Some(3), replication: Some(1), min_in_sync: Some(1) };

    fn all() -> Vec<Wanted> {
        wanted(&Catalogue::load().unwrap(), &Names::new("t."), &CHOICES)
    }

    fn as_wanted() -> BTreeMap<String, Found> {
        let found = |wanted: Wanted| Found {
            partitions: wanted.partitions,
            settings: wanted.settings,
            ..Found::default()
        };
        all().into_iter().map(|wanted| (wanted.topic.clone(), found(wanted))).collect()
    }

    #[test]
    fn every_topic_and_every_reader_has_its_place() {
        let all = all();
        let partitions =
            |name: &str| all.iter().find(|wanted| wanted.topic == name).map(|wanted| wanted.partitions);
        assert_eq!(partitions("t.orders"), Some(3));
        // One partition is a decision that an environment does not overrule.
        assert_eq!(partitions("t.customer.keys"), Some(1));
        assert_eq!(partitions("t.payment.dlq"), Some(1));
        assert_eq!(partitions("t.payment.parked"), Some(1));
        assert_eq!(partitions("t.payment.retry"), Some(3));
        assert_eq!(partitions("t.payment.waiting"), Some(3));
        // Nothing is read by intake, so nothing of its can be dead.
        assert_eq!(partitions("t.order-intake.dlq"), None);
        assert_eq!(partitions("t.order-intake.waiting"), None);
    }

    #[test]
    fn an_empty_broker_needs_everything_and_an_applied_one_nothing() {
        let changes = differences(&all(), &BTreeMap::new(), &CHOICES);
        assert_eq!(changes.len(), all().len());
        assert!(changes.iter().all(|change| matches!(change, Change::Create { .. })));
        assert_eq!(differences(&all(), &as_wanted(), &CHOICES), []);
    }

    #[test]
    fn what_differs_is_named_and_what_nobody_asked_for_is_left_alone() {
        let mut found = as_wanted();
        let orders = found.get_mut("t.orders").unwrap();
        orders.partitions = 2;
        orders.settings.insert("retention.ms".to_owned(), "5".to_owned());
        orders.settings.insert("segment.bytes".to_owned(), "1".to_owned());
        found.get_mut("t.fraud").unwrap().partitions = 4;
        let topic = || "t.orders".to_owned();
        assert_eq!(
            differences(&all(), &found, &CHOICES),
            [
                Change::AddPartitions { topic: topic(), from: 2, to: 3 },
                Change::Alter {
                    topic: topic(),
                    setting: "retention.ms".to_owned(),
                    from: Some("5".to_owned()),
                    to: "-1".to_owned(),
                },
                Change::SparePartitions { topic: "t.fraud".to_owned(), from: 4, to: 3 },
            ]
        );
    }
}
