//! The schemas a service needs, resolved at start-up: it refuses to start when one is missing or incompatible.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, bail};
use moka::sync::Cache;
use serde_avro_fast::Schema;

use crate::{
    breaker::{Breaker, Dependency},
    codec::{Codec, Known},
    fault::Fault,
    registry::Registry,
    schemas::{self, RecordSchema},
    topics::{Names, Topic},
};

/// How long the loop waits for an answer: all else waits with it.
const ANSWER: Duration = Duration::from_secs(3);

/// A codec for every record type on the topics a service reads, and for those it writes.
///
/// # Errors
/// All missing and incompatible schemas in one message; or the registry does not answer.
pub async fn resolve(
    registry: &Registry,
    names: &Names,
    reads: &[Topic],
    writes: &[(Topic, String)],
) -> anyhow::Result<Codec> {
    let mut codec = Codec::default();
    let mut wrong = Vec::new();
    for record in schemas::all()? {
        let writes =
            writes.iter().any(|(topic, name)| format!("orderflow.{topic}.{name}") == record.full_name);
        if !writes && !reads.iter().any(|topic| topic.name() == record.topic) {
            continue;
        }
        match versions(registry, names, &record).await? {
            Ok(versions) => {
                for (id, schema) in versions {
                    codec.allow_reading(id, known(&record.full_name, &schema)?);
                    if writes {
                        codec.allow_writing(record.full_name.clone(), id); // the last is the one just looked up
                    }
                }
            }
            Err(why) => wrong.push(format!("  {}: {why}", record.full_name)),
        }
    }
    if !wrong.is_empty() {
        bail!(
            "schemas are not as this version needs them:\n{}\nrun `orderflow schemas register`",
            wrong.join("\n")
        );
    }
    Ok(codec)
}

/// Every registered version of a record type, our own last; or why ours cannot be used.
async fn versions(
    registry: &Registry,
    names: &Names,
    record: &RecordSchema,
) -> anyhow::Result<Result<Vec<(u32, String)>, String>> {
    let subject = subject(names, record)?;
    let mut versions: Vec<(u32, String)> =
        registry.versions(&subject).await?.into_iter().map(|version| (version.id, version.schema)).collect();
    if versions.is_empty() {
        return Ok(Err(format!("not registered under {subject}")));
    }
    match registry.lookup(&subject, &record.schema).await? {
        Some(own) => versions.push((own.id, record.schema.clone())),
        None => {
            return Ok(Err(match registry.check(&subject, &record.schema).await? {
                Ok(()) => format!("this version of it is not registered under {subject}"),
                Err(why) => format!("incompatible with what is registered under {subject}: {why}"),
            }));
        }
    }
    Ok(Ok(versions))
}

/// The subject of a record type in this environment.
///
/// # Errors
/// When a schema's folder is not a topic.
pub fn subject(names: &Names, record: &RecordSchema) -> anyhow::Result<String> {
    let topic = Names::default().logical(&record.topic);
    let topic = topic.with_context(|| format!("schemas/{} is not a topic", record.topic))?;
    Ok(Registry::subject(&names.topic(topic), &record.full_name))
}

fn known(full_name: &str, schema: &str) -> anyhow::Result<Known> {
    let schema: Schema =
        schema.parse().with_context(|| format!("the schema of {full_name} cannot be read"))?;
    Ok(Known { full_name: full_name.to_owned(), schema })
}

/// Looks up schema ids that turn up while the service runs: a producer of a newer version. Each unknown id costs one
/// question, then it is remembered for a while, so that garbage does not become a load on the registry.
#[derive(Clone)]
pub(crate) struct LateComers {
    registry: Registry,
    subjects: HashMap<String, String>,
    refused: Cache<u32, ()>,
    breaker: Option<Breaker>,
}

/// The registry, as its breaker sees it. A schema that it does not know is an answer.
pub(crate) const REGISTRY: Dependency =
    Dependency { name: "registry", refusal: "registry_breaker_open", outages: &["registry_unavailable"] };

/// Whether a fault says that the registry is out, and nothing of the record.
pub(crate) fn is_registry_out(fault: &Fault) -> bool {
    fault.code() == REGISTRY.refusal || REGISTRY.outages.contains(&fault.code())
}

impl LateComers {
    /// For the record types on these topics.
    pub fn new(registry: Registry, names: &Names, reads: &[Topic]) -> anyhow::Result<Self> {
        let mut subjects = HashMap::new();
        for record in schemas::all()?.iter().filter(|r| reads.iter().any(|topic| topic.name() == r.topic)) {
            subjects.insert(subject(names, record)?, record.full_name.clone());
        }
        let refused = Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(60)).build();
        Ok(Self { registry, subjects, refused, breaker: None })
    }

    /// The same behind a breaker: while the registry is out, the loop does not wait for it record by record.
    pub fn guarded(self, breaker: Breaker) -> Self {
        Self { breaker: Some(breaker), ..self }
    }

    /// Teaches the codec the schema `id`, when it is a version of a record type this service reads.
    ///
    /// # Errors
    /// `Transient` when the registry does not answer, or is left alone.
    pub async fn learn(&self, codec: &Codec, id: u32) -> Result<(), Fault> {
        if self.refused.contains_key(&id) {
            return Ok(());
        }
        let unavailable = |error: anyhow::Error| {
            Fault::transient("registry_unavailable", "the schema registry does not answer").caused_by(error)
        };
        let asking = async {
            let late = |_| Fault::transient("registry_unavailable", "the schema registry takes too long");
            tokio::time::timeout(ANSWER, self.registry.by_id(id)).await.map_err(late)?.map_err(unavailable)
        };
        let found = match &self.breaker {
            Some(breaker) => breaker.call(asking).await?,
            None => asking.await?,
        };
        let full_name =
            found.as_ref().and_then(|(uses, _)| uses.iter().find_map(|subject| self.subjects.get(subject)));
        match (full_name, &found) {
            (Some(full_name), Some((_, schema))) if let Ok(known) = known(full_name, schema) => {
                codec.allow_reading(id, known);
            }
            _ => self.refused.insert(id, ()),
        }
        Ok(())
    }
}

/// The services' topics that exist in the catalogue but not on the broker.
pub(crate) fn missing_topics(existing: &[String], names: &Names, needed: &[Topic]) -> Vec<String> {
    needed.iter().map(|topic| names.topic(*topic)).filter(|name| !existing.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn every_schema_is_on_a_topic_of_the_catalogue() {
        let catalogue = Catalogue::load().unwrap();
        for record in schemas::all().unwrap() {
            let name = record.full_name.rsplit('.').next().unwrap();
            assert!(catalogue.topics[&record.topic].records.contains_key(name), "{}", record.full_name);
        }
    }
}
