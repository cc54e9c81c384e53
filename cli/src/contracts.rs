//! The schemas of this build against a registry: what is there, what is missing, what does not fit.

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use orderflow::{
    registry::Registry,
    runtime::contract::subject,
    schemas::{self, RecordSchema},
    topics::Names,
};
use serde::Serialize;

/// How many subjects are asked for at a time.
const AT_ONCE: usize = 6;

/// One record type and how it stands in the registry.
#[derive(Debug, Clone, Serialize)]
pub struct Contract {
    /// `<topic on the broker>-<full name>`.
    pub subject: String,
    /// The Avro full name.
    pub record: String,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    #[serde(skip)]
    schema: String,
}

/// How a schema of this build stands in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Standing {
    /// It is there, as this version of its subject.
    Registered { id: u32, version: u32 },
    /// Its subject has no version yet.
    Missing,
    /// It fits the versions there, but is none of them.
    Compatible,
    /// Readers of one version could not read the other.
    Incompatible { why: String },
}

/// Every schema of this build, as it stands.
///
/// # Errors
/// When the registry does not answer.
pub async fn survey(registry: &Registry, names: &Names) -> Result<Vec<Contract>> {
    let records = schemas::all()?;
    stream::iter(records).map(|record| look(registry, names, record)).buffered(AT_ONCE).try_collect().await
}

/// Registers what is missing or compatible, each subject with `FULL_TRANSITIVE`; returns how many that was.
///
/// # Errors
/// When the registry refuses one, or does not answer.
pub async fn register(registry: &Registry, contracts: &[Contract]) -> Result<usize> {
    let open = contracts.iter().filter(|c| matches!(c.standing, Standing::Missing | Standing::Compatible));
    let registered: Vec<u32> = stream::iter(open)
        .map(|contract| registry.register(&contract.subject, &contract.schema))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(registered.len())
}

async fn look(registry: &Registry, names: &Names, record: RecordSchema) -> Result<Contract> {
    let subject = subject(names, &record)?;
    let standing = match registry.lookup(&subject, &record.schema).await? {
        Some(found) => Standing::Registered { id: found.id, version: found.version },
        None if registry.versions(&subject).await?.is_empty() => Standing::Missing,
        None => match registry.check(&subject, &record.schema).await? {
            Ok(()) => Standing::Compatible,
            Err(why) => Standing::Incompatible { why },
        },
    };
    Ok(Contract { subject, record: record.full_name, standing, schema: record.schema })
}
