//! Avro by the schema alone, to and from JSON as the examples are written, with nothing of the services' own code in
//! between: a new record type needs no line here. As far as our schemas go;
//! <https://avro.apache.org/docs/1.12.0/specification/#binary-encoding>.

use std::{collections::BTreeMap, sync::LazyLock};

use orderflow::schemas;
use serde_json::{Value, json};

/// Every record type by full name.
static ALL: LazyLock<BTreeMap<String, Avro>> = LazyLock::new(|| {
    let schemas = schemas::all().unwrap().into_iter();
    schemas.map(|record| (record.full_name, Avro::new(&record.schema))).collect()
});

/// A record type's schema.
pub struct Avro {
    schema: Value,
    /// Records by full name: a schema writes one out once, and names it from then on.
    named: BTreeMap<String, Value>,
}

impl Avro {
    /// The schema of the record of this full name.
    pub fn of(full_name: &str) -> &'static Self {
        ALL.get(full_name).unwrap_or_else(|| panic!("no schema is named {full_name}"))
    }

    fn new(schema: &str) -> Self {
        let schema = serde_json::from_str(schema).unwrap();
        let mut named = BTreeMap::new();
        collect(&schema, &mut named);
        Self { schema, named }
    }

    /// A record's body as JSON.
    pub fn read(&self, mut body: &[u8]) -> Value {
        let record = self.value(&self.schema, &mut body);
        assert!(body.is_empty(), "{} bytes follow the record", body.len());
        record
    }

    /// The body of a record in JSON.
    pub fn write(&self, record: &Value) -> Vec<u8> {
        let mut body = Vec::new();
        self.put(&self.schema, record, &mut body);
        body
    }

    fn value(&self, schema: &Value, body: &mut &[u8]) -> Value {
        match schema {
            Value::Array(variants) => self.value(&variants[count(body)], body),
            Value::Object(object) => match object["type"].as_str() {
                Some("record") => {
                    let fields = object["fields"].as_array().unwrap().iter();
                    fields.map(|field| (name_of(field), self.value(&field["type"], body))).collect()
                }
                Some("array") => {
                    let mut items = Vec::new();
                    loop {
                        match count(body) {
                            0 => return Value::Array(items),
                            more => items.extend((0..more).map(|_| self.value(&object["items"], body))),
                        }
                    }
                }
                _ => self.value(&object["type"], body),
            },
            simple => match simple.as_str().unwrap() {
                "null" => Value::Null,
                "int" | "long" => json!(long(body)),
                // As it is written, not as a double has it.
                "float" => {
                    let number = f32::from_le_bytes(take(body, 4).try_into().unwrap());
                    json!(number.to_string().parse::<f64>().unwrap())
                }
                "double" => json!(f64::from_le_bytes(take(body, 8).try_into().unwrap())),
                "bytes" => json!(counted(body)),
                "string" => json!(std::str::from_utf8(counted(body)).unwrap()),
                name => self.value(self.known(name), body),
            },
        }
    }

    fn put(&self, schema: &Value, value: &Value, body: &mut Vec<u8>) {
        match schema {
            Value::Array(variants) => {
                let fits = |variant: &&Value| (variant.as_str() == Some("null")) == value.is_null();
                let variant = variants.iter().find(fits).unwrap();
                put_count(variants.iter().position(|other| other == variant).unwrap(), body);
                self.put(variant, value, body);
            }
            Value::Object(object) => match object["type"].as_str() {
                Some("record") => {
                    for field in object["fields"].as_array().unwrap() {
                        // An example from before a field was added leaves it out.
                        self.put(
                            &field["type"],
                            value.get(name_of(field)).unwrap_or(&field["default"]),
                            body,
                        );
                    }
                }
                Some("array") => {
                    let items = value.as_array().unwrap();
                    if !items.is_empty() {
                        put_count(items.len(), body);
                        items.iter().for_each(|item| self.put(&object["items"], item, body));
                    }
                    put_count(0, body);
                }
                _ => self.put(&object["type"], value, body),
            },
            simple => match simple.as_str().unwrap() {
                "null" => {}
                "int" | "long" => put_long(value.as_i64().unwrap(), body),
                "float" => body.extend(value.as_f64().map_or(f32::NAN, |n| n as f32).to_le_bytes()),
                "double" => body.extend(value.as_f64().unwrap().to_le_bytes()),
                "bytes" => put_counted(&serde_json::from_value::<Vec<u8>>(value.clone()).unwrap(), body),
                "string" => put_counted(value.as_str().unwrap().as_bytes(), body),
                name => self.put(self.known(name), value, body),
            },
        }
    }

    fn known(&self, name: &str) -> &Value {
        self.named.get(name).unwrap_or_else(|| panic!("no kind of value is named {name}: add it"))
    }
}

/// Finds the records within a schema.
fn collect(schema: &Value, named: &mut BTreeMap<String, Value>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, named)),
        Value::Object(fields) => {
            if fields.get("type") == Some(&json!("record")) {
                let namespace = schema["namespace"].as_str().unwrap();
                named.insert(format!("{namespace}.{}", name_of(schema)), schema.clone());
            }
            fields.values().for_each(|field| collect(field, named));
        }
        _ => {}
    }
}

fn name_of(named: &Value) -> String {
    named["name"].as_str().unwrap().to_owned()
}

fn take<'b>(body: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, rest) = body.split_at(count);
    *body = rest;
    taken
}

/// Seven bits a byte, the lowest first; the lowest bit of all is the sign.
fn long(body: &mut &[u8]) -> i64 {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(body, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn put_long(number: i64, body: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        body.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    body.push(rest.to_le_bytes()[0]);
}

fn count(body: &mut &[u8]) -> usize {
    // A negative count of an array is followed by its size in bytes: our writer never does that.
    usize::try_from(long(body)).unwrap()
}

fn put_count(count: usize, body: &mut Vec<u8>) {
    put_long(i64::try_from(count).unwrap(), body);
}

fn counted<'b>(body: &mut &'b [u8]) -> &'b [u8] {
    let length = count(body);
    take(body, length)
}

fn put_counted(bytes: &[u8], body: &mut Vec<u8>) {
    put_count(bytes.len(), body);
    body.extend(bytes);
}
