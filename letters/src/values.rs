//! The values of dead letters as JSON, by the schemas they name. Nothing secret is shown, nor what is sealed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::{Context, Result};
use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value as Avro};
use orderflow::{
    catalogue::{Catalogue, PersonalData},
    codec::schema_id,
    registry::Registry,
    runtime::original::{BEFORE_EDIT, added},
};
use rdkafka::Message;
use serde_json::{Value, json};

use crate::Letter;

/// Bytes before the body: a zero byte and the schema's id.
const FRAME: usize = 5;

/// A decoded value.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The id of the schema it was written with.
    pub schema_id: u32,
    /// That schema.
    pub schema: Arc<Schema>,
    /// As it is.
    pub avro: Avro,
    /// As it is shown.
    pub shown: Value,
}

impl Decoded {
    /// The record's full name.
    #[must_use]
    pub fn name(&self) -> String {
        self.schema.name().map(ToString::to_string).unwrap_or_default()
    }
}

/// Decodes values; learns schemas from the registry as their ids turn up.
pub struct Values {
    registry: Registry,
    schemas: HashMap<u32, Option<Arc<Schema>>>,
    hidden: BTreeMap<String, &'static str>,
}

impl Values {
    /// With the schemas of this registry.
    ///
    /// # Errors
    /// When the catalogue of personal data cannot be read.
    pub fn new(registry: Registry) -> Result<Self> {
        Ok(Self { registry, schemas: HashMap::new(), hidden: hidden()? })
    }

    /// A letter's value; or why it cannot be decoded.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn decode(&mut self, letter: &Letter) -> Result<Result<Decoded, String>> {
        self.decode_bytes(letter.raw.payload()).await
    }

    /// A record's value; or why it cannot be decoded.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn decode_bytes(&mut self, value: Option<&[u8]>) -> Result<Result<Decoded, String>> {
        let body = value.and_then(|value| value.get(FRAME..)).unwrap_or_default();
        let known = self.schema_of(value).await?;
        let read = |(id, schema)| self.read(id, &schema, body).map_err(|error| format!("{error:#}"));
        Ok(known.and_then(read))
    }

    /// All of a letter as JSON: its headers, its value, and that before an edit, each as far as it can be decoded.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn shown(&mut self, letter: &Letter) -> Result<Value> {
        let mut shown = letter.as_json();
        shown["headers"] = serde_json::to_value(letter.headers())?;
        match self.decode(letter).await? {
            Ok(decoded) => {
                shown["schema"] = json!({ "id": decoded.schema_id, "name": decoded.name() });
                shown["value"] = decoded.shown;
            }
            Err(why) => shown["undecodable"] = why.into(),
        }
        let before = letter.raw.headers().and_then(|headers| added(headers, BEFORE_EDIT));
        if let Some(before) = before {
            let decoded = self.decode_bytes(Some(before)).await?;
            shown["before_edit"] = decoded.map_or_else(Value::from, |decoded| decoded.shown);
        }
        Ok(shown)
    }

    /// The schema a value names; or why there is none.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn schema_of(&mut self, value: Option<&[u8]>) -> Result<Result<(u32, Arc<Schema>), String>> {
        let Some(value) = value else { return Ok(Err("it has none".to_owned())) };
        let id = match schema_id(value) {
            Ok(id) => id,
            Err(fault) => return Ok(Err(format!("{fault} ({} bytes)", value.len()))),
        };
        let unknown = || format!("the registry does not know schema id {id}");
        Ok(self.schema(id).await?.map(|schema| (id, schema)).ok_or_else(unknown))
    }

    fn read(&self, schema_id: u32, schema: &Arc<Schema>, mut body: &[u8]) -> Result<Decoded> {
        let avro = GenericDatumReader::builder(schema).build()?.read_value(&mut body)?;
        let shown = masked(for_json(avro.clone()).try_into()?, &self.hidden);
        Ok(Decoded { schema_id, schema: Arc::clone(schema), avro, shown })
    }

    async fn schema(&mut self, id: u32) -> Result<Option<Arc<Schema>>> {
        if let Some(known) = self.schemas.get(&id) {
            return Ok(known.clone());
        }
        let found = self.registry.by_id(id).await?;
        let parsed = found.map(|(_, schema)| Schema::parse_str(&schema)).transpose();
        let schema = parsed.context("the registry's schema cannot be read")?.map(Arc::new);
        self.schemas.insert(id, schema.clone());
        Ok(schema)
    }
}

/// JSON has no NaN, which stands for an unknown feature: null says the same. Other floats are shown with the digits they
/// have, not with those of the nearest double.
fn for_json(value: Avro) -> Avro {
    match value {
        Avro::Float(number) if number.is_finite() => {
            Avro::Double(number.to_string().parse().unwrap_or(number.into()))
        }
        Avro::Float(_) => Avro::Null,
        Avro::Double(number) if !number.is_finite() => Avro::Null,
        Avro::Union(variant, value) => Avro::Union(variant, Box::new(for_json(*value))),
        Avro::Array(items) => Avro::Array(items.into_iter().map(for_json).collect()),
        Avro::Record(fields) => {
            Avro::Record(fields.into_iter().map(|(name, value)| (name, for_json(value))).collect())
        }
        other => other,
    }
}

/// Fields that are not shown, and what stands in their place.
fn hidden() -> Result<BTreeMap<String, &'static str>> {
    let fields = Catalogue::load()?.personal_data.into_values().flatten();
    let hidden = fields.filter_map(|(field, class)| match class {
        PersonalData::Secret => Some((field, "(secret)")),
        PersonalData::Sealed => Some((field, "(sealed)")),
        PersonalData::Pseudonymous => None,
    });
    Ok(hidden.collect())
}

fn masked(value: Value, hidden: &BTreeMap<String, &'static str>) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value)| match hidden.get(&name) {
                Some(mask) => (name, Value::from(*mask)),
                None => (name, masked(value, hidden)),
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| masked(item, hidden)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_feature_is_shown_as_null() {
        let features = [0.31, f32::NAN, 1.0].map(Avro::Float).to_vec();
        let decision = Avro::Record(vec![("features".to_owned(), Avro::Array(features))]);
        let event = Avro::Record(vec![("decision".to_owned(), Avro::Union(1, Box::new(decision)))]);
        let shown: Value = for_json(event).try_into().unwrap();
        assert_eq!(shown, serde_json::json!({ "decision": { "features": [0.31, null, 1.0] } }));
    }

    #[test]
    fn payment_tokens_and_sealed_data_are_never_shown() {
        let order = serde_json::json!({
            "order": { "customer_id": "c", "payment_token": "tok_visa", "sealed": { "data": [1, 2] } },
            "orders": [{ "payment_token": "tok_visa" }],
        });
        let shown = masked(order, &hidden().unwrap()).to_string();
        assert!(shown.contains("customer_id"), "{shown}");
        assert!(!shown.contains("tok_visa") && !shown.contains("data"), "{shown}");
    }
}
