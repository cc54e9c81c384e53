//! A changed value, held against the schema it was written with. What is not shown (secret, sealed, a number that is
//! none) stays as it is.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use apache_avro::{
    Schema, reader::datum::GenericDatumReader, types::Value as Avro, writer::datum::GenericDatumWriter,
};
use serde_json::Value;

use crate::{filter::pointer, values::Decoded};

/// What stands in place of what is not shown.
const MASKS: [&str; 2] = ["(secret)", "(sealed)"];

/// A value as it shall be.
#[derive(Debug)]
pub struct Changed {
    /// Framed, as it goes to the topic.
    pub value: Vec<u8>,
    /// Paths of the fields that differ.
    pub fields: Vec<String>,
}

/// What is wanted instead of a decoded value.
///
/// # Errors
/// When it does not fit the schema, changes nothing, or touches what is not shown, or `key`, in words.
pub fn change(decoded: &Decoded, wanted: &Value, key: &str) -> Result<Changed> {
    let mut fields = Vec::new();
    differences(&decoded.shown, wanted, "", &mut fields);
    if fields.is_empty() {
        bail!("nothing is changed");
    }
    let is_key = |path: &&String| decoded.shown.pointer(&pointer(path)).and_then(Value::as_str) == Some(key);
    if let Some(path) = fields.iter().find(is_key) {
        bail!("{path} says whose record it is, and its key does too: it cannot be changed");
    }
    let merged = merge(&decoded.avro, &decoded.shown, wanted, "")?;
    Ok(Changed { value: framed(decoded.schema_id, &decoded.schema, merged)?, fields })
}

/// A whole value in place of one that cannot be read, by the schema it names.
///
/// # Errors
/// When it does not fit.
pub fn replace(schema_id: u32, schema: &Arc<Schema>, wanted: &Value) -> Result<Changed> {
    if holds_a_mask(wanted) {
        bail!("{} stands for what is not shown: say what it shall be", MASKS.join(" or "));
    }
    let value = framed(schema_id, schema, from_json(wanted))?;
    Ok(Changed { value, fields: vec!["(all of it)".to_owned()] })
}

/// Sets one field: `PATH=VALUE`, where the value is JSON, or text as it is for a field that has text.
///
/// # Errors
/// When there is no such field.
pub fn set(value: &mut Value, assignment: &str) -> Result<()> {
    let (path, text) =
        assignment.split_once('=').with_context(|| format!("`{assignment}` is not PATH=VALUE"))?;
    let found = value.pointer_mut(&pointer(path)).with_context(|| format!("there is no field {path}"))?;
    *found = match found {
        Value::String(_) => Value::from(text),
        _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    Ok(())
}

/// The wanted value with what has not changed as it was: not every value can be told in JSON.
fn merge(original: &Avro, shown: &Value, wanted: &Value, path: &str) -> Result<Avro> {
    if shown == wanted {
        return Ok(original.clone());
    }
    if shown.as_str().is_some_and(|shown| MASKS.contains(&shown)) {
        bail!("{path} is not shown, and cannot be changed");
    }
    match (original, shown, wanted) {
        (Avro::Union(_, inner), _, _) if !wanted.is_null() && **inner != Avro::Null => {
            merge(inner, shown, wanted, path)
        }
        (Avro::Record(fields), Value::Object(before), Value::Object(after)) => {
            if let Some(unknown) = after.keys().find(|name| !before.contains_key(*name)) {
                bail!("the schema has no field {}", below(path, unknown));
            }
            let field = |(name, original): &(String, Avro)| -> Result<(String, Avro)> {
                let path = below(path, name);
                let after = after.get(name).with_context(|| format!("{path} is missing"))?;
                Ok((name.clone(), merge(original, &before[name], after, &path)?))
            };
            Ok(Avro::Record(fields.iter().map(field).collect::<Result<_>>()?))
        }
        (Avro::Array(items), Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let all = items.iter().zip(before).zip(after).enumerate();
            let item = |(index, ((original, before), after))| {
                merge(original, before, after, &below(path, &format!("{index}")))
            };
            Ok(Avro::Array(all.map(item).collect::<Result<_>>()?))
        }
        _ if holds_a_mask(wanted) => {
            bail!("{path} holds what is not shown, and cannot be changed as a whole")
        }
        _ => Ok(from_json(wanted)),
    }
}

/// Framed and written by the schema; and read once more, so that what is written is what others will read.
fn framed(schema_id: u32, schema: &Schema, value: Avro) -> Result<Vec<u8>> {
    let value = value.resolve(schema).context("it does not fit its schema")?;
    let body = GenericDatumWriter::builder(schema).build()?.write_value_to_vec(value.clone())?;
    let read = GenericDatumReader::builder(schema).build()?.read_value(&mut body.as_slice())?;
    // A number that is none is not equal to itself.
    if format!("{read:?}") != format!("{value:?}") {
        bail!("it would be read as something else than was meant");
    }
    Ok([&[0], schema_id.to_be_bytes().as_slice(), &body].concat())
}

/// JSON in Avro's words, as far as it goes without a schema.
fn from_json(value: &Value) -> Avro {
    match value {
        Value::Null => Avro::Null,
        Value::Bool(yes) => Avro::Boolean(*yes),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => i32::try_from(whole).map_or(Avro::Long(whole), Avro::Int),
            (None, Some(number)) => Avro::Double(number),
            (None, None) => Avro::String(number.to_string()), // fits no number's schema
        },
        Value::String(text) => Avro::String(text.clone()),
        Value::Array(items) => Avro::Array(items.iter().map(from_json).collect()),
        Value::Object(fields) => {
            Avro::Map(fields.iter().map(|(name, value)| (name.clone(), from_json(value))).collect())
        }
    }
}

fn holds_a_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => MASKS.contains(&text.as_str()),
        Value::Array(items) => items.iter().any(holds_a_mask),
        Value::Object(fields) => fields.values().any(holds_a_mask),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn differences(before: &Value, after: &Value, path: &str, into: &mut Vec<String>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(before), Value::Object(after)) => {
            let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
            for name in names {
                let (before, after) = (before.get(name), after.get(name));
                let none = Value::Null;
                if before.is_none() || after.is_none() {
                    into.push(below(path, name));
                } else {
                    differences(before.unwrap_or(&none), after.unwrap_or(&none), &below(path, name), into);
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                differences(before, after, &below(path, &index.to_string()), into);
            }
        }
        _ => into.push(if path.is_empty() { "(all of it)".to_owned() } else { path.to_owned() }),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": [
        {"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "payment_token", "type": "string"},
        {"name": "scores", "type": {"type": "array", "items": "float"}},
        {"name": "note", "type": ["null", "string"]},
        {"name": "total", "type": "long"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}}]}"#;
    const KEY: &str = "01939d5c-2f5e-7c9a-8f3e-6a1b2c3d4e5f";

    fn decoded() -> Decoded {
        let schema = Arc::new(Schema::parse_str(SCHEMA).unwrap());
        let avro = Avro::Record(vec![
            ("order_id".to_owned(), Avro::Uuid(KEY.parse().unwrap())),
            ("payment_token".to_owned(), Avro::String("tok_visa".to_owned())),
            ("scores".to_owned(), Avro::Array(vec![Avro::Float(0.31), Avro::Float(f32::NAN)])),
            ("note".to_owned(), Avro::Union(0, Box::new(Avro::Null))),
            ("total".to_owned(), Avro::Long(900)),
            ("at".to_owned(), Avro::TimestampMicros(7)),
        ]);
        let shown = json!({ "order_id": KEY, "payment_token": "(secret)", "scores": [0.31, null], "note": null,
            "total": 900, "at": 7 });
        Decoded { schema_id: 9, schema, avro, shown }
    }

    fn read(value: &[u8]) -> Vec<(String, Avro)> {
        assert_eq!(value[..5], [0, 0, 0, 0, 9]);
        let schema = decoded().schema;
        let read =
            GenericDatumReader::builder(&schema).build().unwrap().read_value(&mut &value[5..]).unwrap();
        let Avro::Record(fields) = read else { panic!("{read:?}") };
        fields
    }

    #[test]
    fn what_is_changed_is_changed_and_all_else_is_as_it_was() {
        let mut wanted = decoded().shown;
        set(&mut wanted, "total=-5").unwrap();
        set(&mut wanted, "note=by hand").unwrap();
        set(&mut wanted, "scores.0=0.5").unwrap();
        let changed = change(&decoded(), &wanted, KEY).unwrap();
        assert_eq!(changed.fields, ["note", "scores.0", "total"]);
        let fields = read(&changed.value);
        assert_eq!(fields[1].1, Avro::String("tok_visa".to_owned()), "what is not shown");
        assert!(matches!(&fields[2].1, Avro::Array(all)
            if matches!(all[..], [Avro::Float(half), Avro::Float(none)] if half == 0.5 && none.is_nan())));
        assert_eq!(fields[3].1, Avro::Union(1, Box::new(Avro::String("by hand".to_owned()))));
        assert_eq!((&fields[4].1, &fields[5].1), (&Avro::Long(-5), &Avro::TimestampMicros(7)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |wanted: &Value| format!("{:#}", change(&decoded(), wanted, KEY).unwrap_err());
        let with = |name: &str, value: Value| {
            let mut wanted = decoded().shown;
            wanted[name] = value;
            refused(&wanted)
        };
        assert!(refused(&decoded().shown).contains("nothing is changed"));
        assert!(with("total", json!("many")).contains("does not fit"));
        assert!(with("extra", json!(1)).contains("no field extra"));
        assert!(with("payment_token", json!("tok_mine")).contains("not shown"));
        assert!(with("order_id", json!("01939d5c-2f5e-7c9a-8f3e-6a1b2c3d4e60")).contains("whose record"));
        let mut missing = decoded().shown;
        missing.as_object_mut().unwrap().remove("total");
        assert!(refused(&missing).contains("total is missing"));
        assert!(set(&mut decoded().shown, "lines.0=1").is_err());
    }

    #[test]
    fn a_value_that_cannot_be_read_can_be_replaced_as_a_whole() {
        let schema = decoded().schema;
        let mut whole = decoded().shown;
        assert!(replace(9, &schema, &whole).is_err(), "a mask is no token");
        whole["payment_token"] = json!("tok_new");
        whole["scores"] = json!([0.5]);
        assert_eq!(read(&replace(9, &schema, &whole).unwrap().value)[4].1, Avro::Long(900));
        whole.as_object_mut().unwrap().remove("total");
        assert!(replace(9, &schema, &whole).is_err());
    }
}
