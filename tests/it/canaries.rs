//! Who buys, and what they pay with, stands nowhere but where it must: a whole run is searched for planted words.

use std::collections::BTreeMap;

use orderflow::{
    events::OrderPlaced,
    topics::{self, GroupTopics},
};
use orderflow_cli::environment::SERVICES;
use orderflow_tests::{Request, Shop, collector::Collector, eventually, options, raw};
use serde_json::{Value, json};

/// Of every customer, in every spelling that a program might make of it.
const NAME: &str = "Canaria Kestrelwood";
const MAIL: &str = "canaria.kestrelwood@nest.example";
const STREET: &str = "Canarygasse 7741";
const CITY: &str = "Kestrelhaven";
const ZIP: &str = "K1E5T";
const TOKEN: &str = "_canary7741k";
const DEVICE: &str = "canary-device-7741";
/// What callers and operators show that they are who they are.
const BEARER: &str = "canary-bearer-7741";

/// What may stand in the clear on no topic.
const PERSON: [&str; 5] = [NAME, MAIL, STREET, CITY, ZIP];
/// What may stand nowhere beside a record's value: the token goes with the order to whoever charges it.
const SECRETS: [&str; 8] = [NAME, MAIL, STREET, CITY, ZIP, TOKEN, DEVICE, BEARER];

#[tokio::test]
async fn a_planted_name_address_or_token_is_found_nowhere_after_a_whole_run() {
    let collector = Collector::start().await;
    let mut options = options();
    // Everything that can be logged, as machines get it.
    options.variables = [("LOG_FORMAT", "json"), ("RUST_LOG", "debug")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    options.variables.push(collector.variable());
    let shop = Shop::open(options).await;
    let mut placed = Vec::new();
    for request in [Request::good(), Request::declined(), Request::undeliverable(), Request::fraudulent()] {
        placed.push(shop.place(&planted(request)).await);
    }
    refused(&shop).await;
    shop.settled(&placed).await;
    // A dead letter, too.
    let order = shop.place(&planted(Request::good())).await;
    placed.push(order);
    shop.settled(&placed).await;
    poison(&shop).await;

    let metrics = everybody_s_metrics(&shop).await;
    let logs = logs(&shop);
    // It would be found: what it is looked for in is there.
    assert!(metrics.contains("orderflow_batch_records") && logs.contains("order accepted"));
    let told = [("metrics", metrics.as_bytes()), ("logs", logs.as_bytes()), ("traces", &collector.bytes())];
    for (what, bytes) in told {
        assert_eq!(found(bytes, &SECRETS), None, "in {what}");
    }
    assert!(collector.spans().iter().any(|span| span.service == "shipping"), "shipping has sent no span");
    on_the_log(&shop).await;
    shop.close_with_dead_letters(&placed, &["bad_avro"; 3]).await;
}

#[tokio::test]
async fn lines_say_whose_they_are_at_a_level_that_is_changed_while_it_runs() {
    let mut options = options();
    options.variables = vec![("LOG_FORMAT".to_owned(), "json".to_owned())];
    let shop = Shop::open(options).await;
    let debug = |log: &str| log.lines().filter(|line| line.contains(r#""level":"DEBUG""#)).count();
    let first = shop.place(&Request::good()).await;
    assert_eq!(debug(&log(&shop, "order-intake-0")), 0);

    let level = format!("{}/log-level", shop.instance("order-intake-0").operator_url());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let refused = http.put(&level).body("order_intake=loud").send().await.unwrap();
    assert_eq!(refused.status(), 422);
    http.put(&level).body("info,orderflow=debug").send().await.unwrap().error_for_status().unwrap();
    let now = http.get(&level).send().await.unwrap().text().await.unwrap();
    assert!(now.contains("orderflow=debug"), "{now}");

    let second = shop.place(&Request::good()).await;
    let (entry, _) = shop.record::<OrderPlaced>(&second.order_id.to_string()).await;
    eventually("a line about the second order at the new level", async || {
        let log = log(&shop, "order-intake-0");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut about = lines.filter(|line| {
            line["span"]["correlation_id"] == entry.envelope.correlation_id.as_str()
                && line["span"]["trace_id"] == entry.envelope.trace.trace_id().as_str()
        });
        if about.any(|line| line["level"] == "DEBUG") { Ok(()) } else { Err(debug(&log)) }
    })
    .await;
    shop.close(&[first, second]).await;
}

/// The same order, of a customer who would be noticed.
fn planted(mut request: Request) -> Request {
    let of = |text: &Value| text.as_str().unwrap().to_owned();
    let (body, who) = (&mut request.body, uuid::Uuid::new_v4().simple().to_string());
    body["customer"]["name"] = json!(NAME);
    body["customer"]["email"] = json!(format!("{who}.{MAIL}"));
    let street = of(&body["delivery_address"]["line1"]);
    body["delivery_address"]["line1"] = json!(format!("{street} {STREET}"));
    body["delivery_address"]["city"] = json!(CITY);
    body["delivery_address"]["postal_code"] = json!(ZIP);
    body["payment_token"] = json!(format!("{}{TOKEN}", of(&body["payment_token"])));
    body["device_id"] = json!(format!("{DEVICE}-{who}"));
    request
}

/// Sends what is turned away, with a token that proves nothing.
async fn refused(shop: &Shop) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let intake = shop.environment().intake_url().unwrap();
    let mut body = planted(Request::good()).body;
    body["lines"] = json!([{ "sku": "NO-SUCH", "quantity": 1 }]);
    let wrong = http.post(format!("{intake}/orders")).json(&body).send().await.unwrap();
    assert!(wrong.status().is_client_error());
    let cut = http.post(format!("{intake}/orders")).header("content-type", "application/json");
    let cut = cut.body(serde_json::to_vec(&body).unwrap()[..60].to_vec()).send().await.unwrap();
    assert!(cut.status().is_client_error());
    http.post(format!("{intake}/orders")).json(&body).bearer_auth(BEARER).send().await.unwrap();
}

/// Writes an order that is cut short: everybody who reads it gives it up.
async fn poison(shop: &Shop) {
    let names = shop.environment().names();
    let topic = names.topic(topics::ORDERS);
    let mut record = raw::read(&shop.kafka(), &topic).await.remove(0);
    let value = record.value.take().unwrap();
    record.key = Some(b"poison".to_vec());
    record.value = Some(value[..value.len() - 7].to_vec());
    raw::write(&shop.kafka(), &topic, record).await;
    for service in ["fraud-scoring", "recommendation", "order-status"] {
        let letters = names.topic(GroupTopics::of(service).unwrap().dead_letters);
        eventually(&format!("a dead letter of {service}"), async || {
            match raw::read(&shop.kafka(), &letters).await.len() {
                1 => Ok(()),
                count => Err(count),
            }
        })
        .await;
    }
}

/// Searches every record: keys and headers for all of it, values for who it is.
async fn on_the_log(shop: &Shop) {
    let (names, mut searched) = (shop.environment().names(), BTreeMap::new());
    let own = SERVICES.iter().filter_map(|service| GroupTopics::of(service)).flat_map(GroupTopics::all);
    for topic in topics::ALL.into_iter().chain(own) {
        for record in raw::read(&shop.kafka(), &names.topic(topic)).await {
            let headers = record.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value]);
            let beside =
                [record.key.clone().unwrap_or_default(), headers.collect::<Vec<_>>().concat()].concat();
            assert_eq!(found(&beside, &SECRETS), None, "beside a record on {topic}");
            assert_eq!(found(&record.value.unwrap_or_default(), &PERSON), None, "on {topic}");
            *searched.entry(topic.name()).or_insert(0) += 1;
        }
    }
    for topic in ["orders", "payments", "shipping", "fraud-scoring.dlq"] {
        assert!(searched.get(topic).is_some_and(|count| *count > 0), "nothing on {topic}: {searched:?}");
    }
}

async fn everybody_s_metrics(shop: &Shop) -> String {
    let mut all = String::new();
    for instance in shop.environment().instances() {
        all += &shop.metrics(instance.name()).await;
    }
    all
}

fn logs(shop: &Shop) -> String {
    let instances = shop.environment().instances();
    instances.iter().map(|instance| std::fs::read_to_string(instance.log()).unwrap()).collect()
}

fn log(shop: &Shop, instance: &str) -> String {
    std::fs::read_to_string(shop.instance(instance).log()).unwrap()
}

/// The first of these words, in whatever case and as a form or an address writes it.
fn found<'w>(bytes: &[u8], words: &[&'w str]) -> Option<&'w str> {
    let text = String::from_utf8_lossy(bytes).to_lowercase().replace(['+', '_'], " ").replace("%20", " ");
    let same = |word: &str| word.to_lowercase().replace('_', " ");
    words.iter().find(|word| text.contains(&same(word))).copied()
}
