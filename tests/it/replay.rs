//! The past through the steps of today: `orderflow replay` says what would change, and changes nothing.

use std::{collections::BTreeMap, path::Path};

use orderflow::{
    config::Delivery,
    events::{OrderValidatedForFraud, PaymentProcessed},
    topics,
};
use orderflow_cli::environment::Options;
use orderflow_tests::{Shop, options, raw};
use redis::AsyncCommands;
use serde_json::Value;

/// One partition: the log alone tells in which sequence orders were looked at that have something in common.
fn in_a_row() -> Options {
    // Nothing is written in transactions, so that what is still to be read can be counted.
    Options { partitions: Some(1), delivery: Delivery::AtLeastOnce, ..options() }
}

/// What a replay prints: its changes, and the line that sums up.
async fn replay(shop: &Shop, arguments: &[&str]) -> (Vec<Value>, Value) {
    let mut lines = shop.orderflow_lines(&[&["replay"], arguments].concat()).await;
    let summary = lines.pop().unwrap()["summary"].take();
    (lines, summary)
}

/// Everything a replay might touch: how many records each topic has, all keys of the shop in Redis, the gateway's ledger.
#[derive(Debug, PartialEq)]
struct World {
    records: BTreeMap<String, usize>,
    keys: Vec<String>,
    ledger: String,
}

impl World {
    async fn of(shop: &Shop) -> Self {
        let (mut records, names) = (BTreeMap::new(), shop.environment().names());
        for topic in topics::ALL {
            let name = names.topic(topic);
            let count = raw::read(&shop.kafka(), &name).await.len();
            records.insert(name, count);
        }
        let client = shop.environment().connection().servers.redis.client();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        let pattern = format!("{}*", shop.environment().connection().prefix);
        let mut keys: Vec<String> = redis.keys(pattern).await.unwrap();
        // The lives of these are short by themselves.
        let short = ["settled:", "claim", ":progress"];
        keys.retain(|key| !short.iter().any(|part| key.contains(part)));
        keys.sort();
        let ledger = std::fs::read_to_string(shop.environment().gateway_ledger()).unwrap();
        Self { records, keys, ledger }
    }
}

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_past_through_the_same_steps_says_the_same_and_other_settings_say_what_would_change() {
    let shop = Shop::open(in_a_row()).await;
    let placed = shop.load(30).all().await;
    shop.settled(&placed).await;
    at_rest(&shop).await;
    let before = World::of(&shop).await;
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("again.jsonl");

    let validated = shop.records::<OrderValidatedForFraud>().await.len();
    let (changes, summary) = replay(&shop, &["fraud-scoring", "--into", into.to_str().unwrap()]).await;
    assert_eq!(
        (changes.len(), summary["same"]["OrderValidatedForFraud"].as_u64()),
        (0, Some(validated as u64)),
        "{changes:?} {summary}"
    );
    assert!(summary["records"].as_u64() >= Some(30), "{summary}");
    let said = lines(&into);
    assert!(said.len() >= validated, "everything that is said goes to the file");
    assert!(!said.iter().any(|line| line.to_string().contains("tok_visa")), "and nothing secret");

    let (changes, summary) = replay(&shop, &["inventory"]).await;
    assert!(
        changes.is_empty() && summary["same"]["InventoryReserved"].as_u64() > Some(0),
        "{changes:?} {summary}"
    );

    let (changes, summary) = replay(&shop, &["payment", "--into", into.to_str().unwrap()]).await;
    assert!(
        changes.is_empty() && summary["same"]["PaymentProcessed"].as_u64() > Some(0),
        "{changes:?} {summary}"
    );
    let asked = &summary["effects"]["confirm"];
    assert!(asked["as_logged"].as_u64() > Some(0) && asked["as_if_it_went_well"].is_null(), "{summary}");
    assert!(lines(&into).iter().any(|line| line["effect"] == "confirm"), "what is not done is recorded");

    // Nobody passes a threshold like this: who was let through would be held.
    let (changes, summary) =
        replay(&shop, &["fraud-scoring", "--", "--hold-threshold", "0", "--threshold", "1"]).await;
    let of = |what: &str, record: &str| {
        let is = |one: &&Value| one["what"] == what && one["record"] == record;
        changes.iter().filter(is).count()
    };
    assert_eq!(of("missing", "OrderValidatedForFraud"), validated, "{summary}");
    assert!(of("new", "OrderHeldForReview") >= validated, "{summary}");

    let (changes, summary) = replay(&shop, &["inventory", "--", "--reservation-validity", "60"]).await;
    let reserved = changes.iter().filter(|one| one["record"] == "InventoryReserved");
    assert!(reserved.clone().count() > 0 && reserved.clone().count() == changes.len(), "{summary}");
    assert!(
        reserved.clone().all(|one| one["what"] == "different" && one["fields"][0]["field"] == "valid_until")
    );

    assert_eq!(World::of(&shop).await, before, "nothing was touched");
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_range_begins_with_what_the_log_tells_of_before_and_says_nothing_of_what_is_outside() {
    let shop = Shop::open(in_a_row()).await;
    let mut placed = shop.load(10).all().await;
    shop.settled(&placed).await;
    at_rest(&shop).await;
    let paid = shop.records::<PaymentProcessed>().await;
    let middle = paid.iter().map(|(entry, _)| entry.timestamp).max().unwrap();
    // Behind the newest of these, to the millisecond that the log knows.
    let middle = (middle + jiff::SignedDuration::from_millis(1)).to_string();
    placed.extend(shop.load(10).all().await);
    shop.settled(&placed).await;
    at_rest(&shop).await;
    let all = shop.records::<PaymentProcessed>().await.len() as u64;
    for service in ["inventory", "payment", "fraud-scoring"] {
        let (early, first) = replay(&shop, &[service, "--to", &middle]).await;
        let (late, second) = replay(&shop, &[service, "--from", &middle]).await;
        assert!(early.is_empty() && late.is_empty(), "{service}: {early:?} {late:?}");
        if service == "payment" {
            let same = |summary: &Value| summary["same"]["PaymentProcessed"].as_u64().unwrap_or_default();
            assert_eq!(same(&first), paid.len() as u64, "{first}");
            assert_eq!(same(&first) + same(&second), all, "{first} {second}");
        }
    }
    for (service, why) in
        [("shipping", "addresses"), ("order-intake", "reads no topic"), ("order-status", "verify")]
    {
        let refused = shop.orderflow_refuses(&["replay", service]).await;
        assert!(refused.contains(why), "{refused}");
    }
    let refused =
        shop.orderflow_refuses(&["replay", "inventory", "--", "--reservation-validity", "soon"]).await;
    assert!(refused.contains("reservation-validity"), "{refused}");
    shop.close(&placed).await;
}

/// Waits until the services have handled all that there is, also what follows an order's end.
async fn at_rest(shop: &Shop) {
    let reading = [
        ("fraud-scoring", &[topics::ORDERS][..]),
        ("inventory", &[topics::FRAUD, topics::PAYMENTS, topics::SHIPPING, topics::INVENTORY_STOCK]),
        ("payment", &[topics::INVENTORY, topics::ORDERS, topics::SHIPPING]),
        ("shipping", &[topics::PAYMENTS, topics::SHIPPING]),
    ];
    // Handling the last of them may have said something more.
    for _ in 0..2 {
        for (service, inputs) in reading {
            for topic in inputs {
                shop.caught_up(service, *topic).await;
            }
        }
    }
}
