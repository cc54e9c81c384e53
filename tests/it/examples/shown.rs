//! What is shown of a step's answer: as it is on the topic, less what is new in every run.

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    codec::{Codec, Known},
    events::{Encoded, Event, OrderPlaced, Record},
    fault::Fault,
    schemas,
    step::Outcome,
};
use serde_json::{Value, json};

use super::{avro::Avro, matches_snapshot, record::examples};

/// Writes every record type, each under an id of its own.
static CODEC: LazyLock<Codec> = LazyLock::new(|| {
    let mut codec = Codec::default();
    for (id, record) in (1..).zip(schemas::all().unwrap()) {
        let schema = record.schema.parse().unwrap();
        codec.allow_reading(id, Known { full_name: record.full_name.clone(), schema });
        codec.allow_writing(record.full_name, id);
    }
    codec
});

/// A step's answer to one record: its events, or its fault's code.
pub fn said<Out: Event>(answer: Result<Outcome<Out>, Fault>) -> Value {
    match answer {
        Ok(outcome) => {
            outcome.into_events().iter().map(|event| json_of(&event.encode(&CODEC).unwrap())).collect()
        }
        Err(fault) => json!({ "fault": fault.code() }),
    }
}

/// An event as it is on the topic, as JSON.
fn json_of(event: &Encoded) -> Value {
    let full_name = format!("orderflow.{}.{}", event.record.topic, event.record.name);
    json!({ event.record.name: Avro::of(&full_name).read(&event.value[5..]) })
}

/// An example, and where it went.
pub struct Shown<'a, R> {
    /// The step or deadline.
    pub step: &'a str,
    /// The example's name.
    pub example: &'a str,
    /// What was there before; empty for nothing.
    pub given: &'a str,
    /// The step's time.
    pub began: Timestamp,
    /// The example as the step got it.
    pub input: &'a R,
}

impl<R: Record> Shown<'_, R> {
    /// Compares what was said with its snapshot.
    pub fn snapshot(&self, mut says: Value) {
        let orders = examples::<OrderPlaced>().into_iter().map(|(_, placed)| placed.order);
        let placed: Vec<Value> = orders.map(|order| serde_json::to_value(order).unwrap()).collect();
        let input = serde_json::to_value(self.input).unwrap();
        self.redact(&mut says, &input["order"], &placed);
        let parts = [self.step, self.example, self.given];
        let name: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let mut shown = json!({ "step": self.step, "example": self.example, "says": says });
        if !self.given.is_empty() {
            shown["given"] = json!(self.given);
        }
        matches_snapshot(&name.join("-").replace('.', "_"), &shown);
    }

    /// Times the step took from its clock, and ids the outside made up. The order, which every event must carry as it
    /// is, is not shown again.
    fn redact(&self, shown: &mut Value, input: &Value, placed: &[Value]) {
        match shown {
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item, input, placed)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match name.as_str() {
                        "order" if value == input => *value = json!("[the order, unchanged]"),
                        "order" if placed.contains(value) => *value = json!("[the order, as it was placed]"),
                        // Fraud scoring's own tests look at each; here they would only be many lines.
                        "features" => {
                            *value = json!(format!("[{} numbers]", value.as_array().map_or(0, Vec::len)));
                        }
                        "intent_id" | "refund_id" | "label_id" | "pickup_id" => {
                            let kind = value.as_str().unwrap().split('_').next().unwrap();
                            *value = json!(format!("[{kind}_…]"));
                        }
                        name if is_time(name) && !value.is_null() => {
                            *value = self.time(name, value.as_i64().unwrap())
                        }
                        _ => self.redact(value, input, placed),
                    }
                }
            }
            _ => {}
        }
    }

    /// A time, by how it stands to the step's. Only what the record itself has decided lies before it.
    fn time(&self, name: &str, us: i64) -> Value {
        if us == self.input.occurred_at().as_microsecond() {
            return json!("[the example's own time]");
        }
        let after = us - self.began.as_microsecond();
        assert!(after >= 0, "{name} lies before the step's time, and is not the example's");
        match after / 60_000_000 {
            0 => json!("[now]"),
            minutes => json!(format!("[now + {minutes} min]")),
        }
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("_at") || ["valid_until", "review_by", "respond_by"].contains(&name)
}
