//! The topics of the catalogue on a broker: what differs, and making it so. Nothing is ever deleted.

mod plan;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::{
    ClientConfig,
    admin::{
        AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier,
        TopicReplication,
    },
    client::DefaultClientContext,
    types::RDKafkaErrorCode,
};

pub use plan::{Change, Choices, Found, Wanted, differences, wanted};

/// How long the broker may take for one request.
const WAIT: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_millis(20);

/// The topics of one broker.
pub struct Broker {
    client: AdminClient<DefaultClientContext>,
}

impl Broker {
    /// A client with this configuration (`bootstrap.servers` and what the broker asks for).
    ///
    /// # Errors
    /// When no client can be made of it.
    pub fn new(config: &ClientConfig) -> Result<Self> {
        Ok(Self { client: config.create().context("cannot make a Kafka client")? })
    }

    /// Those of `wanted` that exist, as they are.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn find(&self, wanted: &[Wanted]) -> Result<BTreeMap<String, Found>> {
        // A moment of waiting, at most the time above, on a tool's own thread.
        let metadata = self.client.inner().fetch_metadata(None, WAIT).context("Kafka does not answer")?;
        let mut found: BTreeMap<String, Found> = metadata
            .topics()
            .iter()
            .filter(|topic| wanted.iter().any(|wanted| wanted.topic == topic.name()))
            .map(|topic| {
                let partitions = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
                (topic.name().to_owned(), Found { partitions, ..Found::default() })
            })
            .collect();
        let names: Vec<String> = found.keys().cloned().collect();
        let specifiers: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        if specifiers.is_empty() {
            return Ok(found);
        }
        let described = self.client.describe_configs(&specifiers, &options()).await?;
        for (name, described) in names.iter().zip(described) {
            let described = described.map_err(|code| refused("describing", name, code))?;
            let Some(found) = found.get_mut(name) else { continue };
            for entry in described.entries {
                if entry.source == ConfigSource::DynamicTopic {
                    found.own.insert(entry.name.clone());
                }
                found.settings.extend(entry.value.map(|value| (entry.name, value)));
            }
        }
        Ok(found)
    }

    /// Makes `changes` so, except [`Change::SparePartitions`], which nobody can, and [`Change::AddPartitions`] unless
    /// told to. Returns what was not done.
    ///
    /// # Errors
    /// What the broker refuses; changes before it are made.
    pub async fn apply(
        &self,
        changes: &[Change],
        found: &BTreeMap<String, Found>,
        add_partitions: bool,
    ) -> Result<Vec<Change>> {
        let mut left = Vec::new();
        let mut altered: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        self.create(changes).await?;
        for change in changes {
            match change {
                Change::Create { .. } => {}
                Change::AddPartitions { topic, to, .. } if add_partitions => self.grow(topic, *to).await?,
                Change::AddPartitions { .. } | Change::SparePartitions { .. } => left.push(change.clone()),
                Change::Alter { topic, setting, to, .. } => {
                    altered.entry(topic).or_default().push((setting, to))
                }
            }
        }
        for (topic, settings) in altered {
            self.alter(topic, &settings, found.get(topic)).await?;
        }
        Ok(left)
    }

    /// Creates all missing topics in one request, and returns once the broker tells its clients of them.
    async fn create(&self, changes: &[Change]) -> Result<()> {
        let topics: Vec<NewTopic<'_>> = changes.iter().filter_map(new_topic).collect();
        if topics.is_empty() {
            return Ok(());
        }
        for answer in self.client.create_topics(&topics, &options()).await? {
            match answer {
                // Somebody was quicker; the next look tells whether it is the same.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => return Err(refused("creating", &name, code)),
            }
        }
        let deadline = tokio::time::Instant::now() + WAIT;
        while let Some(name) = topics.iter().find(|topic| !self.is_led(topic.name)) {
            ensure!(
                tokio::time::Instant::now() < deadline,
                "{} was created, but has no leader yet",
                name.name
            );
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(())
    }

    /// Whether the broker's clients can use a topic: a broker hears of new topics a moment after the controller.
    fn is_led(&self, name: &str) -> bool {
        let Ok(metadata) = self.client.inner().fetch_metadata(Some(name), WAIT) else { return false };
        metadata.topics().iter().any(|topic| {
            topic.error().is_none()
                && !topic.partitions().is_empty()
                && topic.partitions().iter().all(|partition| partition.leader() >= 0)
        })
    }

    async fn grow(&self, name: &str, to: i32) -> Result<()> {
        let to = usize::try_from(to).context("a number of partitions below zero")?;
        let grown = self.client.create_partitions([&NewPartitions::new(name, to)], &options()).await?;
        one(grown.into_iter().map(|answer| answer.map(drop)), "adding partitions to", name)
    }

    /// The request replaces all settings a topic has of its own, so those it keeps go with it.
    async fn alter(&self, name: &str, settings: &[(&str, &str)], found: Option<&Found>) -> Result<()> {
        let mut config = AlterConfig::new(ResourceSpecifier::Topic(name));
        let own = |setting: &&String| found.is_some_and(|found| found.own.contains(*setting));
        let kept = found.into_iter().flat_map(|found| &found.settings).filter(|(setting, _)| own(setting));
        for (key, value) in kept {
            config = config.set(key, value);
        }
        for (key, value) in settings {
            config = config.set(key, value);
        }
        let altered = self.client.alter_configs([&config], &options()).await?;
        let answers =
            altered.into_iter().map(|answer| answer.map(drop).map_err(|(_, code)| (name.to_owned(), code)));
        one(answers, "changing the settings of", name)
    }
}

fn new_topic(change: &Change) -> Option<NewTopic<'_>> {
    let Change::Create { topic, partitions, replication, settings } = change else { return None };
    // Since Kafka 2.4, -1 asks for the broker's default.
    let new = NewTopic::new(topic, *partitions, TopicReplication::Fixed(replication.unwrap_or(-1)));
    Some(settings.iter().fold(new, |new, (key, value)| new.set(key, value)))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(WAIT)).operation_timeout(Some(WAIT))
}

fn one(
    mut answers: impl Iterator<Item = Result<(), (String, RDKafkaErrorCode)>>,
    doing: &str,
    name: &str,
) -> Result<()> {
    match answers.next() {
        Some(Ok(())) => Ok(()),
        Some(Err((name, code))) => Err(refused(doing, &name, code)),
        None => bail!("Kafka gives no answer to {doing} {name}"),
    }
}

fn refused(doing: &str, name: &str, code: RDKafkaErrorCode) -> anyhow::Error {
    anyhow::anyhow!("Kafka refuses {doing} {name}: {code}")
}
