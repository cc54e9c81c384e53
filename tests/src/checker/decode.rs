//! Records as JSON, by the schema their writer has registered: Confluent's framing, read with `apache-avro`.

use std::collections::HashMap;

use anyhow::{Context, Result};
use apache_avro::{Schema, reader::datum::GenericDatumReader, util::max_allocation_bytes};
use serde_json::Value;

use crate::chaos::evidence::RawRecord;

/// No text or list of a record may ask for more: a bomb is a few bytes.
const MOST_BYTES: usize = 4 << 20;

/// The schemas behind the ids that have turned up; none for an id the registry does not know.
pub(super) struct Schemas(HashMap<u32, Option<(String, Schema)>>);

impl Schemas {
    /// Asks the registry at `url` for the schema of every record.
    ///
    /// # Errors
    /// When it does not answer, or with something that is no schema.
    pub async fn of(url: &str, records: &[RawRecord]) -> Result<Self> {
        max_allocation_bytes(MOST_BYTES);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut schemas = HashMap::new();
        for id in records.iter().filter_map(|record| framing(record)).map(|(id, _)| id) {
            if let std::collections::hash_map::Entry::Vacant(free) = schemas.entry(id) {
                free.insert(ask(&http, url, id).await.context("the schema registry")?);
            }
        }
        Ok(Self(schemas))
    }

    /// The full name and the fields of a record; none for what no writer of ours has written. Fields that JSON cannot hold
    /// (a missing feature is NaN) leave the whole null.
    pub fn read(&self, record: &RawRecord) -> Option<(String, Value)> {
        let (id, mut body) = framing(record)?;
        let (name, schema) = self.0.get(&id)?.as_ref()?;
        let reader = GenericDatumReader::builder(schema).build().ok()?;
        let value = reader.read_value(&mut body).ok().filter(|_| body.is_empty())?;
        Some((name.clone(), Value::try_from(value).unwrap_or_default()))
    }
}

/// The schema's id, and what follows.
fn framing(record: &RawRecord) -> Option<(u32, &[u8])> {
    let (head, body) = record.value.as_deref()?.split_first_chunk::<5>()?;
    let [0, id @ ..] = *head else { return None };
    Some((u32::from_be_bytes(id), body))
}

async fn ask(http: &reqwest::Client, url: &str, id: u32) -> Result<Option<(String, Schema)>> {
    let url = format!("{}/schemas/ids/{id}", url.trim_end_matches('/'));
    let answer = http.get(url).send().await?;
    if answer.status() == reqwest::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let answer: Value = answer.error_for_status()?.json().await?;
    let schema = Schema::parse_str(answer["schema"].as_str().context("no schema in the answer")?)?;
    let name = schema.name().map(ToString::to_string).unwrap_or_default();
    Ok(Some((name, schema)))
}
