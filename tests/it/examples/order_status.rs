//! order-status: every example it reads goes over its topics, twice, to the running service: each is on its order's
//! timeline once, in these words.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::{
    catalogue::Catalogue, clock::Clock, envelope::ids, runtime::dead_letter::CODE, schemas, topics,
};
use orderflow_cli::{
    contracts::{Standing, survey},
    environment::{Environment, Options, SERVICES},
};
use orderflow_tests::{
    options,
    raw::{self, Raw},
    servers,
    waiting::eventually,
};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{avro::Avro, matches_snapshot};

/// The service under test.
const SERVICE: &str = "order-status";

/// An example on its way to the service.
struct Sent {
    name: String,
    topic: String,
    full_name: String,
    order_id: String,
    record: Value,
}

impl Sent {
    /// The event's id.
    fn id(&self) -> Uuid {
        ids::from_parts(&["example", &self.full_name, &self.name])
    }

    /// The id of a last event of the same content: when it has arrived, so has all before it.
    fn last_id(&self) -> Uuid {
        ids::from_parts(&["last", &self.topic, &self.order_id])
    }
}

#[tokio::test]
async fn every_example_is_on_its_orders_timeline_once_and_in_these_words() {
    let _place = servers::place().await;
    let environment = alone().await;
    let examples = examples();
    let lasts: BTreeMap<(&str, &str), &Sent> =
        examples.iter().map(|sent| ((sent.topic.as_str(), sent.order_id.as_str()), sent)).collect();
    send(&environment, examples.iter().chain(&examples).map(|sent| (sent, sent.id()))).await;
    send(&environment, lasts.values().map(|sent| (*sent, sent.last_id()))).await;

    let orders: BTreeSet<&str> = examples.iter().map(|sent| sent.order_id.as_str()).collect();
    let mut words = BTreeMap::new();
    for order_id in orders {
        let ours = || examples.iter().filter(|sent| sent.order_id == order_id);
        let lasts = lasts.values().filter(|sent| sent.order_id == order_id).map(|sent| sent.last_id());
        let lines = timeline(&environment, order_id, &lasts.collect()).await;
        assert_eq!(lines.len(), ours().count(), "{order_id} has more or less on its timeline: {lines:?}");
        words.extend(ours().map(|sent| {
            let line = &lines[&sent.id()];
            assert_eq!((&line["by"], &line["cause"]), (&json!("example"), &Value::Null), "{}", sent.name);
            (sent.name.as_str(), json!({ "event": line["event"], "facts": line["facts"] }))
        }));
    }
    assert_eq!(environment.stop().await, Vec::<String>::new(), "did not end well");
    matches_snapshot("order-status_on_event", &json!({ "step": "order-status.on_event", "says": words }));
}

/// An erasure is about a person: its example shows with the orders that were sealed with the key it names.
#[tokio::test]
async fn the_example_of_an_erasure_shows_with_the_order_it_is_about() {
    let _place = servers::place().await;
    let environment = alone().await;
    let placed = examples().into_iter().find(|sent| sent.full_name.ends_with(".OrderPlaced")).unwrap();
    let (name, text) = schemas::examples("audit", "CustomerErased").remove(0);
    let mut record: Value = serde_json::from_str(text).unwrap();
    record["keys"] = json!([placed.record["order"]["sealed"]["key_id"]]);
    let (topic, full_name) = ("audit".to_owned(), "orderflow.audit.CustomerErased".to_owned());
    let customer = record["customer_id"].as_str().unwrap().to_owned();
    let erased = Sent { name, topic, full_name, order_id: customer, record };
    send(&environment, [(&placed, placed.id()), (&erased, erased.id())].into_iter()).await;

    let url = format!("{}/orders/{}", environment.status_url(), placed.order_id);
    let step = "order-status.on_customer_erased";
    eventually(&format!("{step} to show"), async || {
        let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
        let order: Value = answer.json().await.map_err(|error| error.to_string())?;
        if order["erased"] == json!(true) { Ok(()) } else { Err(order["erased"].to_string()) }
    })
    .await;
    assert_eq!(environment.stop().await, Vec::<String>::new(), "did not end well");
}

/// A dead letter is an event of another service, as it came: it has no schema of its own, and so no example.
#[tokio::test]
async fn a_dead_letter_about_an_example_is_on_its_orders_timeline_in_these_words() {
    let _place = servers::place().await;
    let environment = alone().await;
    let about = examples().into_iter().find(|sent| sent.full_name.ends_with(".InventoryReserved")).unwrap();
    let letter = Raw::new(&about.order_id, Some(b"not even framed".to_vec()))
        .with("ce_id", &about.id().to_string())
        .with("ce_type", &about.full_name)
        .with(CODE, "gateway_rejects_request");
    let (kafka, names) = (environment.kafka_config(), environment.names());
    raw::write(&kafka, &names.dead_letters("payment"), letter).await;

    let (step, url) =
        ("order-status.on_dead_letter", format!("{}/orders/{}", environment.status_url(), about.order_id));
    let words = "payment could not handle InventoryReserved: gateway_rejects_request; waits for an operator";
    eventually(&format!("{step} to say so"), async || {
        let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
        let order: Value = answer.json().await.map_err(|error| error.to_string())?;
        let said = order["timeline"][0]["facts"] == words && order["state"] == "Parked";
        if said { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    assert_eq!(environment.stop().await, Vec::<String>::new(), "did not end well");
}

/// What an operator did about a dead letter is on the timeline of the order that the letter is of.
#[tokio::test]
async fn the_example_of_a_redrive_is_on_its_orders_timeline() {
    let _place = servers::place().await;
    let environment = alone().await;
    let redriven = of_audit("DeadLetterRedriven", "/event_key");
    send(&environment, [(&redriven, redriven.id())].into_iter()).await;
    let (step, url) = (
        "order-status.on_operator_act",
        format!("{}/orders/{}", environment.status_url(), redriven.order_id),
    );
    eventually(&format!("{step} to say so"), async || {
        let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
        let order: Value = answer.json().await.map_err(|error| error.to_string())?;
        let said = &order["timeline"][0]["facts"];
        if said == "payment handles InventoryReserved again" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    assert_eq!(environment.stop().await, Vec::<String>::new(), "did not end well");
}

/// A breaker that has opened is a fault of its service's hop.
#[tokio::test]
async fn the_example_of_a_breaker_is_a_fault_in_the_flow() {
    let _place = servers::place().await;
    let environment = alone().await;
    let mut moved = of_audit("BreakerMoved", "/service");
    // What was said more than a day ago is not shown.
    moved.record["moved_at"] = json!(Clock::system().now().as_microsecond());
    send(&environment, [(&moved, moved.id())].into_iter()).await;
    let (step, url) = ("order-status.on_breaker_moved", format!("{}/flow", environment.status_url()));
    eventually(&format!("{step} to say so"), async || {
        let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
        let flow: Value = answer.json().await.map_err(|error| error.to_string())?;
        let hops = flow["hops"].as_array().cloned().unwrap_or_default();
        let payment = hops.into_iter().find(|hop| hop["service"] == "payment").unwrap_or_default();
        let fault = &payment["faults"][0];
        let said = fault["what"] == "breaker open" && fault["of"] == "gateway";
        if said { Ok(()) } else { Err(flow.to_string()) }
    })
    .await;
    assert_eq!(environment.stop().await, Vec::<String>::new(), "did not end well");
}

/// The example of a record on `audit`, under the key that this field holds.
fn of_audit(record_type: &str, key: &str) -> Sent {
    let (name, text) = schemas::examples("audit", record_type).remove(0);
    let record: Value = serde_json::from_str(text).unwrap();
    let order_id = record.pointer(key).and_then(Value::as_str).unwrap().to_owned();
    let full_name = format!("orderflow.audit.{record_type}");
    Sent { name, topic: "audit".to_owned(), full_name, order_id, record }
}

/// Every example on a topic that the service reads.
fn examples() -> Vec<Sent> {
    let catalogue = Catalogue::load().unwrap();
    let read = |topic: &str| catalogue.topics[topic].read_by.iter().any(|name| name == SERVICE);
    let mut all = Vec::new();
    for schema in schemas::all().unwrap().into_iter().filter(|schema| read(&schema.topic)) {
        let record_type = schema.full_name.rsplit('.').next().unwrap();
        // On no line of its own, but on that of the decision: see `timeline.rs`.
        if record_type == "ShadowScored" {
            continue;
        }
        for (name, text) in schemas::examples(&schema.topic, record_type) {
            let record: Value = serde_json::from_str(text).unwrap();
            let about = record.get("order").unwrap_or(&record);
            // About no order: what order-status.on_customer_erased reads is proven in `erasure.rs`.
            let Some(order_id) = about["order_id"].as_str().map(str::to_owned) else {
                let known = ["CustomerErased", "BreakerMoved"];
                let known = known.contains(&record_type) || record_type.starts_with("DeadLetter");
                assert!(known, "{record_type}");
                continue;
            };
            let (topic, full_name) = (schema.topic.clone(), schema.full_name.clone());
            all.push(Sent { name, topic, full_name, order_id, record });
        }
    }
    all
}

/// The service, and no other that could answer.
async fn alone() -> Environment {
    let others = SERVICES.into_iter().filter(|service| *service != SERVICE);
    let options = Options { instances: others.map(|service| (service, 0)).collect(), ..options() };
    let environment = Environment::start(servers::shared().await, servers::binaries().await, options).await;
    environment.unwrap_or_else(|error| panic!("{SERVICE} does not start: {error:#}"))
}

/// Writes each example under this id, one after another.
async fn send<'s>(environment: &Environment, all: impl Iterator<Item = (&'s Sent, Uuid)>) {
    let (kafka, names) = (environment.kafka_config(), environment.names());
    let registry = environment.connection().registry().unwrap();
    let contracts = survey(&registry, &names).await.unwrap();
    let schema_id = |full_name: &str| {
        let contract = contracts.iter().find(|contract| contract.record == full_name).unwrap();
        let Standing::Registered { id, .. } = &contract.standing else { panic!("{contract:?}") };
        id.to_be_bytes()
    };
    for (sent, id) in all {
        let body = Avro::of(&sent.full_name).write(&sent.record);
        let value = [&[0], schema_id(&sent.full_name).as_slice(), &body].concat();
        let record = Raw::new(&sent.order_id, Some(value));
        let record = record.with("ce_id", &id.to_string()).with("ce_source", "example");
        let topic = topics::ALL.into_iter().find(|topic| topic.name() == sent.topic).unwrap();
        raw::write(&kafka, &names.topic(topic), record).await;
    }
}

/// The order's timeline by event id, once these last events are on it, and without them.
async fn timeline(
    environment: &Environment,
    order_id: &str,
    lasts: &BTreeSet<Uuid>,
) -> BTreeMap<Uuid, Value> {
    let http = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/orders/{order_id}", environment.status_url());
    let lines = eventually(&format!("all that was said of {order_id}"), async || {
        let answer = http.get(&url).send().await.map_err(|error| error.to_string())?;
        let order: Value = answer.json().await.map_err(|error| error.to_string())?;
        let lines = order["timeline"].as_array().cloned().unwrap_or_default();
        let arrived = |last: &&Uuid| lines.iter().any(|line| line["id"] == json!(last));
        let missing = lasts.len() - lasts.iter().filter(arrived).count();
        if missing == 0 { Ok(lines) } else { Err(format!("{missing} topics have not arrived: {order}")) }
    })
    .await;
    let count = lines.len();
    let by_id = lines.into_iter().map(|line| (serde_json::from_value(line["id"].clone()).unwrap(), line));
    let mut by_id: BTreeMap<Uuid, Value> = by_id.collect();
    assert_eq!(by_id.len(), count, "{order_id} has an event twice on its timeline");
    by_id.retain(|id, _| !lasts.contains(id));
    by_id
}
