//! The Avro schemas, embedded from `schemas/`: one `.avsc` a record type, shared records written out where they are
//! first used, as the registry wants them.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, bail};
use include_dir::{Dir, include_dir};
use serde_json::Value;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../schemas");

/// The folder of records that are part of others and stand on no topic.
const SHARED: &str = "shared";

/// Every record type on a topic: topic name, record name and self-contained schema (JSON).
///
/// # Errors
/// When a schema is not JSON or uses a name that no file defines.
pub fn all() -> anyhow::Result<Vec<RecordSchema>> {
    let shared = shared()?;
    let mut schemas = Vec::new();
    for folder in FILES.dirs().filter(|dir| dir.path().as_os_str() != SHARED) {
        for file in folder.files().filter(|file| file.path().extension().is_some_and(|e| e == "avsc")) {
            let mut schema = parse(file)?;
            inline(&mut schema, &shared, &mut HashSet::new());
            schemas.push(RecordSchema {
                topic: folder.path().display().to_string(),
                full_name: full_name(&schema)?,
                schema: schema.to_string(),
            });
        }
    }
    schemas.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    Ok(schemas)
}

/// A record type's schema, ready for a registry.
#[derive(Debug, Clone)]
pub struct RecordSchema {
    /// The topic it is on, without prefix.
    pub topic: String,
    /// The Avro full name.
    pub full_name: String,
    /// The schema as JSON, shared records written out.
    pub schema: String,
}

/// The examples of a record type, by file name: JSON as the Rust type reads it.
#[must_use]
pub fn examples(topic: &str, record: &str) -> Vec<(String, &'static str)> {
    let Some(folder) = FILES.get_dir(format!("{topic}/examples")) else { return Vec::new() };
    let name = |file: &include_dir::File<'_>| {
        file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned())
    };
    folder
        .files()
        .filter_map(|file| Some((name(file)?, file.contents_utf8()?)))
        .filter(|(name, _)| name.split('.').next() == Some(record))
        .collect()
}

/// The text of `schemas/topics.yaml`.
pub(crate) fn topics_yaml() -> anyhow::Result<&'static str> {
    let file = FILES.get_file("topics.yaml").context("schemas/topics.yaml is missing")?;
    file.contents_utf8().context("schemas/topics.yaml is not UTF-8")
}

fn shared() -> anyhow::Result<BTreeMap<String, Value>> {
    let folder = FILES.get_dir(SHARED).context("schemas/shared is missing")?;
    folder
        .files()
        .map(|file| {
            let schema = parse(file)?;
            Ok((full_name(&schema)?, schema))
        })
        .collect()
}

fn parse(file: &include_dir::File<'_>) -> anyhow::Result<Value> {
    serde_json::from_slice(file.contents())
        .with_context(|| format!("schemas/{} is not JSON", file.path().display()))
}

fn full_name(schema: &Value) -> anyhow::Result<String> {
    match (schema["namespace"].as_str(), schema["name"].as_str()) {
        (Some(namespace), Some(name)) => Ok(format!("{namespace}.{name}")),
        _ => bail!("a schema has no name or no namespace"),
    }
}

/// Writes a shared record out where its name is used for the first time; later uses stay names, as Avro wants it.
fn inline(node: &mut Value, shared: &BTreeMap<String, Value>, seen: &mut HashSet<String>) {
    match node {
        Value::String(name) => {
            if let Some(record) = shared.get(name.as_str()).filter(|_| seen.insert(name.clone())) {
                *node = record.clone();
                inline(node, shared, seen);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, shared, seen)),
        // Only where a type stands: a doc that happens to name a record is left alone.
        Value::Object(fields) => {
            for place in ["type", "items", "values", "fields"] {
                if let Some(child) = fields.get_mut(place) {
                    inline(child, shared, seen);
                }
            }
        }
        _ => {}
    }
}
