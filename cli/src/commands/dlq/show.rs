//! `orderflow dlq show`: one dead letter, decoded. Nothing secret is printed, nor what is sealed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value as Avro};
use clap::Args;
use orderflow::{
    catalogue::{Catalogue, PersonalData},
    codec::schema_id,
};
use rdkafka::{Message, message::Headers};
use serde_json::Value;

use super::{
    as_json, group,
    letters::{Letter, Standing, Which, chosen, letters},
    which,
};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq show payment 0:42
  orderflow dlq show payment 0:42 --json | jq .value.order.lines

Payment tokens and sealed data are never shown.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Show {
    /// The service whose group gave it up.
    #[arg(value_parser = group)]
    group: String,
    /// Which: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(value_parser = which)]
    letter: Which,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self) -> Result<bool> {
        let found = letters(&self.connection, &self.group).await?;
        let letter = match self.letter {
            Which::At(spot) => found.into_iter().find(|letter| letter.spot == spot),
            Which::Event(_) => chosen(found, &[self.letter], |_| false)?.pop(),
        };
        let letter = letter.with_context(|| format!("there is no dead letter {}", self.letter))?;
        let decoded = decode(&letter, &self.connection).await?;
        let mut shown = as_json(&letter);
        shown["headers"] = serde_json::to_value(headers(&letter))?;
        match &decoded {
            Ok(value) => shown["value"] = value.clone(),
            Err(why) => shown["undecodable"] = why.as_str().into(),
        }
        if self.json {
            print_json(&shown)?;
        } else {
            draw(&letter, decoded)?;
        }
        Ok(true)
    }
}

fn draw(letter: &Letter, decoded: Result<Value, String>) -> Result<()> {
    let standing = match &letter.standing {
        Standing::Open => format!("{} behind it", letter.waiting),
        Standing::Parked(parking) => {
            format!("{} behind it, parked by {}: {}", letter.waiting, parking.by, parking.reason)
        }
        Standing::Settled => "settled".to_owned(),
    };
    print(format!("{} {} of {}: {standing}", letter.group, letter.spot, letter.key_text()))?;
    print(format!("{}: {} ({} attempts)\n", letter.code, letter.message, letter.attempts))?;
    for (name, value) in headers(letter) {
        print(format!("{name}: {value}"))?;
    }
    match decoded {
        Ok(value) => print(format!("\n{}", serde_json::to_string_pretty(&value)?)),
        Err(why) => print(format!("\nthe value cannot be shown: {why}")),
    }
}

/// The headers as text; numbers as Spring writes them become numbers again.
fn headers(letter: &Letter) -> BTreeMap<String, String> {
    let headers = letter.raw.headers().into_iter().flat_map(|headers| headers.iter());
    let shown = headers.map(|header| {
        let value = header.value.unwrap_or_default();
        let number = header.key.starts_with("kafka_dlt-original-") || header.key == "retry_topic-attempts";
        let text = match (number, value.len()) {
            (true, 4) => value.try_into().map(|bytes| i32::from_be_bytes(bytes).to_string()).ok(),
            (true, 8) => value.try_into().map(|bytes| i64::from_be_bytes(bytes).to_string()).ok(),
            _ => None,
        };
        let text = text.unwrap_or_else(|| String::from_utf8_lossy(value).into_owned());
        (header.key.to_owned(), text)
    });
    shown.collect()
}

/// The value by the schema it names; or why it cannot be decoded.
async fn decode(letter: &Letter, connection: &Connection) -> Result<Result<Value, String>> {
    let Some(value) = letter.raw.payload() else { return Ok(Err("it has none".to_owned())) };
    let id = match schema_id(value) {
        Ok(id) => id,
        Err(fault) => return Ok(Err(format!("{fault} ({} bytes)", value.len()))),
    };
    let Some((_, schema)) = connection.registry()?.by_id(id).await? else {
        return Ok(Err(format!("the registry does not know schema id {id}")));
    };
    let schema = Schema::parse_str(&schema).context("the registry's schema cannot be read")?;
    let read = || -> Result<Value> {
        let mut body = &value[5..];
        let avro = GenericDatumReader::builder(&schema).build()?.read_value(&mut body)?;
        Ok(for_json(avro).try_into()?)
    };
    let hidden = hidden()?;
    Ok(read().map(|value| masked(value, &hidden)).map_err(|error| format!("{error:#}")))
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
