//! The Rust types and the Avro schemas say the same, in both directions, and the envelope loses nothing.

// The helpers too are tests: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};

use apache_avro::{
    AvroResult, Schema, reader::datum::GenericDatumReader, schema::Name, types::Value,
    writer::datum::GenericDatumWriter,
};
use jiff::Timestamp;
use orderflow::{
    catalogue::Catalogue,
    codec::{Codec, Known},
    envelope::{Envelope, Tried},
    events::*,
    schemas,
    step::Origin,
    topics::{self, Names},
    trace::TraceContext,
};
use proptest::{collection::vec, option, prelude::*, test_runner::TestRunner};
use uuid::Uuid;

/// What `$check` answers for each record type, in turn.
macro_rules! for_every_record {
    ($check:ident) => {
        for_every_record!(
            $check:
            OrderPlaced, OrderCancelRequested,
            OrderValidatedForFraud, OrderFraudDetected, OrderHeldForReview, OrderReviewCancelled,
            FraudLabelled, ShadowScored, ReviewDecided, ReviewEscalated,
            InventoryReserved, InventoryShortage, InventoryReleased, InventoryShipped,
            StockAdjustmentRequested, StockAdjusted, StockAdjustmentRefused, StockSnapshot,
            PaymentProcessed, PaymentFailed, PaymentRefunded, PaymentActionRequired, GatewayAnswered,
            ShippingLabelGenerated, LabelDocumentStored, PickupScheduled, ShippingFailed, ShippingCancelled,
            OrderCancelRejected,
            ProductViewed, CartUpdated, RecommendationsUpdated,
            ModelPublished, ModelTrialled, ModelPromoted, ModelRolledBack, ModelSwitched, DriftDetected, ModelState,
            Subscription, NotificationDue, NotificationDelivered, NotificationFailed, EndpointDisabled,
            WrappedKey, CustomerErased, BreakerMoved,
            DeadLetterParked, DeadLetterRedriven, DeadLetterDiscarded, DeadLetterEdited
        )
    };
    ($check:ident: $($record:ident),+) => { [$($check::<$record>()),+] };
}

#[test]
fn whatever_fits_a_schema_is_read_and_written_back_unchanged() {
    fn check<R: Record>() {
        let (codec, schema) = codec::<R>();
        TestRunner::default()
            .run(&value(&schema), |value| {
                let body = to_avro(&schema, value.clone());
                let framed = [&[0, 0, 0, 0, 7], body.as_slice()].concat();
                let record: R = codec.decode(&framed).unwrap();
                let written = codec.encode(&record).unwrap();
                let again = from_avro(&schema, &written[5..]);
                prop_assert_eq!(again, value);
                Ok(())
            })
            .unwrap();
    }
    for_every_record!(check);
}

#[test]
fn every_schema_has_a_type_here_and_an_example() {
    fn check<R: Record>() -> String {
        let examples = schemas::examples(R::TOPIC.name(), R::NAME);
        assert!(!examples.is_empty(), "schemas/{}/examples/{}.json is missing", R::TOPIC, R::NAME);
        let (codec, _) = codec::<R>();
        for (name, text) in examples {
            let record: R = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            codec.encode(&record).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        R::full_name()
    }
    let mut known = for_every_record!(check);
    known.sort_unstable();
    let schemas: Vec<String> = schemas::all().unwrap().into_iter().map(|schema| schema.full_name).collect();
    assert_eq!(known.as_slice(), schemas);
}

#[test]
fn the_catalogue_names_every_topic_record_and_personal_field_there_is() {
    let catalogue = Catalogue::load().unwrap();
    let mut topics: Vec<&str> = topics::ALL.iter().map(|topic| topic.name()).collect();
    topics.sort_unstable();
    assert_eq!(catalogue.topics.keys().map(String::as_str).collect::<Vec<_>>(), topics);

    let schemas = schemas::all().unwrap();
    let listed: usize = catalogue.topics.values().map(|entry| entry.records.len()).sum();
    assert_eq!(listed, schemas.len(), "a record type is on no topic, or on two");
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in &schemas {
        collect_fields(&Schema::parse_str(&record.schema).unwrap(), &mut fields);
    }
    for (record, personal) in &catalogue.personal_data {
        for field in personal.keys() {
            assert!(fields[record].contains(field), "{record}.{field} is in topics.yaml, but in no schema");
        }
    }
}

#[test]
fn a_value_from_elsewhere_is_refused_and_never_crashes() {
    let (codec, schema) = codec::<OrderPlaced>();
    let mut runner = TestRunner::default();
    runner
        .run(&vec(any::<u8>(), 0..2_000), |bytes| {
            let framed = [&[0, 0, 0, 0, 7], bytes.as_slice()].concat();
            let _ = codec.decode::<OrderPlaced>(&framed);
            let _ = codec.decode::<OrderPlaced>(&bytes);
            Ok(())
        })
        .unwrap();
    runner
        .run(&value(&schema), |value| {
            let body = to_avro(&schema, value);
            let framed = [&[0, 0, 0, 0, 7], body.as_slice()].concat();
            let cut = codec.decode::<OrderPlaced>(&framed[..framed.len() - 1]);
            prop_assert_eq!(cut.unwrap_err().code(), "bad_avro");
            let longer = codec.decode::<OrderPlaced>(&[framed.as_slice(), &[0]].concat());
            prop_assert_eq!(longer.unwrap_err().code(), "bad_avro");
            let other = codec.decode::<PaymentFailed>(&framed);
            prop_assert_eq!(other.unwrap_err().code(), "unexpected_record");
            Ok(())
        })
        .unwrap();
}

proptest! {
    #[test]
    fn an_envelope_comes_back_from_its_headers(
        id in any::<u128>(), cause in option::of(any::<u128>()), source in "[ -~]{1,40}", correlation in "\\PC{1,64}",
        subject in "\\PC{0,40}", schema in option::of("[ -~]{1,80}"), us in 0i64..4_000_000_000_000_000,
        state in option::of("[a-z]{1,8}=[a-z0-9]{1,16}"), baggage in option::of("[a-z]{1,8}=[a-z0-9]{1,16}"),
        attempts in any::<u32>(), held_ms in any::<u64>(),
    ) {
        let mut trace = TraceContext::root();
        trace.state = state;
        trace.baggage = baggage;
        let envelope = Envelope {
            id: Uuid::from_u128(id), source, kind: OrderPlaced::full_name(),
            time: Timestamp::from_microsecond(us).unwrap(), subject, dataschema: schema,
            correlation_id: correlation, causation_id: cause.map(Uuid::from_u128), trace,
            tried: Tried { attempts, held_ms },
        };
        let headers = envelope.to_headers();
        prop_assert_eq!(Envelope::from_headers(Some(&headers), &place(), "key", "other"), envelope);
    }
}

#[test]
fn a_record_without_headers_always_gets_the_same_id() {
    let none: Option<&rdkafka::message::OwnedHeaders> = None;
    let first = Envelope::from_headers(none, &place(), "key", "orderflow.orders.OrderPlaced");
    let second = Envelope::from_headers(none, &place(), "key", "orderflow.orders.OrderPlaced");
    assert_eq!((first.id, &first.correlation_id), (second.id, &second.correlation_id));
    assert_eq!((first.kind.as_str(), first.subject.as_str()), ("orderflow.orders.OrderPlaced", "key"));
    assert_eq!(first.time, place().timestamp);
}

#[test]
fn names_with_a_prefix_lead_back_to_their_topic() {
    let names = Names::new("shop-a.");
    for topic in topics::ALL {
        assert_eq!(names.logical(&names.topic(topic)), Some(topic));
    }
    assert_eq!(names.logical("orders"), None);
    assert_eq!(names.logical("shop-a.other"), None);
}

fn place() -> Origin {
    let timestamp = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    Origin { topic: topics::ORDERS, partition: 3, offset: 42, timestamp }
}

/// A codec for one record type, whose schema has the id 7.
fn codec<R: Record>() -> (Codec, Schema) {
    let schema =
        schemas::all().unwrap().into_iter().find(|schema| schema.full_name == R::full_name()).unwrap().schema;
    let mut codec = Codec::default();
    codec.allow_reading(7, Known { full_name: R::full_name(), schema: schema.parse().unwrap() });
    codec.allow_writing(R::full_name(), 7);
    (codec, Schema::parse_str(&schema).unwrap())
}

fn to_avro(schema: &Schema, value: Value) -> Vec<u8> {
    GenericDatumWriter::builder(schema).build().unwrap().write_value_to_vec(value).unwrap()
}

fn from_avro(schema: &Schema, mut body: &[u8]) -> Value {
    GenericDatumReader::builder(schema).build().unwrap().read_value(&mut body).unwrap()
}

fn collect_fields(schema: &Schema, into: &mut BTreeMap<String, Vec<String>>) {
    match schema {
        Schema::Record(record) => {
            let names = record.fields.iter().map(|field| field.name.clone()).collect();
            into.insert(record.name.name().to_owned(), names);
            record.fields.iter().for_each(|field| collect_fields(&field.schema, into));
        }
        Schema::Array(array) => collect_fields(&array.items, into),
        Schema::Union(union) => union.variants().iter().for_each(|variant| collect_fields(variant, into)),
        _ => {}
    }
}

/// Any value of a schema, as far as our schemas go.
fn value(schema: &Schema) -> BoxedStrategy<Value> {
    let mut named = HashMap::new();
    name_records(schema, &mut named).unwrap();
    value_in(schema, &named)
}

fn name_records(schema: &Schema, named: &mut HashMap<Name, Schema>) -> AvroResult<()> {
    match schema {
        Schema::Record(record) => {
            named.insert(record.name.clone(), schema.clone());
            record.fields.iter().try_for_each(|field| name_records(&field.schema, named))
        }
        Schema::Array(array) => name_records(&array.items, named),
        Schema::Union(union) => union.variants().iter().try_for_each(|variant| name_records(variant, named)),
        _ => Ok(()),
    }
}

fn value_in(schema: &Schema, named: &HashMap<Name, Schema>) -> BoxedStrategy<Value> {
    match schema {
        Schema::Null => Just(Value::Null).boxed(),
        Schema::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Schema::Int => any::<i32>().prop_map(Value::Int).boxed(),
        Schema::Long => any::<i64>().prop_map(Value::Long).boxed(),
        // Without NaN, which is not equal to itself.
        Schema::Double => prop::num::f64::NORMAL.prop_map(Value::Double).boxed(),
        Schema::Float => prop::num::f32::NORMAL.prop_map(Value::Float).boxed(),
        Schema::String => "\\PC{0,24}".prop_map(Value::String).boxed(),
        Schema::Bytes => vec(any::<u8>(), 0..48).prop_map(Value::Bytes).boxed(),
        Schema::Uuid(_) => any::<u128>().prop_map(|id| Value::Uuid(Uuid::from_u128(id))).boxed(),
        // Times that exist: the years 1 to 9999.
        Schema::TimestampMicros => {
            (-62_000_000_000_000_000i64..253_000_000_000_000_000).prop_map(Value::TimestampMicros).boxed()
        }
        Schema::Array(array) => vec(value_in(&array.items, named), 0..4).prop_map(Value::Array).boxed(),
        Schema::Union(union) => {
            let variants = union.variants().iter().enumerate().map(|(i, variant)| {
                let index = u32::try_from(i).unwrap();
                value_in(variant, named).prop_map(move |value| Value::Union(index, Box::new(value))).boxed()
            });
            proptest::strategy::Union::new(variants).boxed()
        }
        Schema::Record(record) => {
            let names: Vec<String> = record.fields.iter().map(|field| field.name.clone()).collect();
            let values: Vec<_> = record.fields.iter().map(|field| value_in(&field.schema, named)).collect();
            values.prop_map(move |values| Value::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Schema::Ref { name } => value_in(&named[name], named),
        other => panic!("no strategy for {other:?}: add one"),
    }
}
