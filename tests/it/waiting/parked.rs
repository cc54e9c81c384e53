//! Dead letters that an operator gives up for now, and what becomes of their orders meanwhile.

use jiff::Timestamp;
use orderflow::{
    events::{DeadLetterParked, InventoryReserved},
    runtime::waiting::parked::Parking,
    topics::GroupTopics,
};
use orderflow_tests::{
    Request, Shop, eventually, options,
    raw::{self, Raw},
    servers,
};
use rdkafka::message::{Headers, OwnedHeaders};
use serde_json::{Value, json};

use super::{Blocked, letters, redrive};

const WHY: &str = "incident 2025-31";

#[tokio::test]
async fn a_parked_letter_is_out_of_the_way_and_its_order_rests_until_it_is_taken_up_again() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let blocked = Blocked::begin(&shop).await;
    let order = blocked.placed.order_id;
    shop.shown(order, "Parked", None).await;
    blocked.cancels(&shop).await;

    let place = listed(&shop, &[]).await[0]["place"].as_str().unwrap().to_owned();
    for by in ["ada", "grace"] {
        // The second changes nothing: it was the first who parked it.
        let parked = shop.orderflow(&["dlq", "park", "shipping", &place, "--by", by, "--reason", WHY]).await;
        assert_eq!((&parked[0]["parked"]["by"], &parked[0]["place"]), (&json!("ada"), &json!(place)));
    }
    assert_eq!(listed(&shop, &[]).await, Vec::<Value>::new());
    let listed_apart = listed(&shop, &["--parked"]).await;
    assert_eq!((&listed_apart[0]["parked"]["reason"], listed_apart.len()), (&json!(WHY), 1));
    let [letter] = &parked(&shop).await[..] else { panic!("not one is parked") };
    let original = &raw::read(&shop.kafka(), &super::of_shipping(&shop).0).await[0];
    assert_eq!((&letter.key, &letter.value), (&original.key, &original.value));
    assert_eq!(letter.headers[..original.headers.len()], original.headers);
    audited(&shop, &[("ada", WHY)]).await;

    // Whatever waits goes on waiting, and order-status knows it from the topics.
    servers::flush(&servers).await;
    let rests = shop.shown(order, "Parked", None).await;
    let told: Vec<&Value> = timeline(&rests).filter(|line| line["by"] == "shipping").collect();
    let words = "shipping could not handle PaymentProcessed: injected; waits for an operator";
    assert_eq!((&told[0]["event"], &told[0]["facts"]), (&json!("DeadLetter"), &json!(words)));
    assert_eq!((&told[1]["event"], told.len()), (&json!("DeadLetterParked"), 2), "{rests}");
    let neighbour = shop.place(&Request::good()).await;
    shop.settled(&[neighbour]).await;
    assert_eq!(blocked.journal(&shop).await.len(), super::CANCELS, "nobody has overtaken it");

    // The dead-letter topic may lose it, and Redis all it knows of it: what is parked blocks all the same.
    raw::delete_before(&shop.kafka(), &super::of_shipping(&shop).0, 0, 1).await;
    servers::flush(&servers).await;
    let shown = shop.shown(order, "Parked", None).await;
    assert!(timeline(&shown).all(|line| line["event"] != "DeadLetter"), "{shown}");
    assert_eq!(listed(&shop, &["--parked"]).await[0]["place"], json!(place));

    shop.refuse("shipping-0", &blocked.key, false).await;
    let taken_up = shop.orderflow(&["dlq", "redrive", "shipping", "--parked"]).await;
    assert_eq!(taken_up.as_array().map(Vec::len), Some(1), "{taken_up}");
    blocked.followed_in_order(&shop).await;
    let shown = shop.shown(order, "Fulfilled", None).await;
    assert!(timeline(&shown).any(|line| line["event"] == "DeadLetterSettled"), "{shown}");
    assert_eq!(listed(&shop, &["--parked"]).await, Vec::<Value>::new());
    let last = shop.place(&Request::good()).await;
    shop.close(&[blocked.placed, neighbour, last]).await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_finished_by_the_next_and_what_fails_again_is_listed_again() {
    let shop = Shop::open(options()).await;
    let blocked = Blocked::begin(&shop).await;
    // As far as a run comes that dies before it has told audit.
    let mut letter = raw::read(&shop.kafka(), &super::of_shipping(&shop).0).await.remove(0);
    let (by, reason, at) = ("ada".to_owned(), WHY.to_owned(), Timestamp::UNIX_EPOCH);
    let parking = Parking { partition: letter.partition, offset: letter.offset, by, reason, at };
    for header in parking.stamp(OwnedHeaders::new()).iter() {
        letter.headers.push((header.key.to_owned(), header.value.unwrap().to_vec()));
    }
    raw::write(&shop.kafka(), &parked_topic(&shop), letter.clone()).await;
    assert_eq!(listed(&shop, &[]).await, Vec::<Value>::new(), "it is parked");

    let id = letter.text("ce_id").unwrap();
    shop.orderflow(&["dlq", "park", "shipping", &id, "--by", "grace", "--reason", "another"]).await;
    audited(&shop, &[("ada", WHY)]).await;
    assert_eq!(parked(&shop).await.len(), 1);

    // By its event, and with nothing mended: it is a dead letter again, which nobody has parked.
    shop.orderflow(&["dlq", "redrive", "shipping", &id]).await;
    letters(&shop, 2).await;
    assert_eq!(listed(&shop, &["--parked"]).await, Vec::<Value>::new());
    assert_eq!(listed(&shop, &[]).await.len(), 2);
    shop.shown(blocked.placed.order_id, "Parked", None).await;
    shop.orderflow(&["dlq", "park", "shipping", &id, "--by", "grace", "--reason", "again"]).await;
    audited(&shop, &[("ada", WHY), ("grace", "again")]).await;
    assert_eq!(listed(&shop, &[]).await, Vec::<Value>::new());

    shop.refuse("shipping-0", &blocked.key, false).await;
    shop.orderflow(&["dlq", "redrive", "shipping", "--parked"]).await;
    shop.settled(&[blocked.placed]).await;
    shop.shown(blocked.placed.order_id, "Fulfilled", None).await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"; 2]).await;
}

#[tokio::test]
async fn a_letter_that_order_status_could_not_handle_rests_its_order_once_it_is_redriven() {
    let shop = Shop::open(options()).await;
    shop.terminate("payment-0").await;
    let placed = shop.place(&Request::good()).await;
    let (order, key) = (placed.order_id, placed.order_id.to_string());
    shop.record::<InventoryReserved>(&key).await;
    shop.shown(order, "InProgress", Some("reserved")).await;
    shop.refuse("shipping-0", &key, true).await;
    shop.refuse("order-status-0", &key, true).await;
    shop.start_again("payment-0").await;
    letters(&shop, 1).await;
    // The payment, and shipping's letter about it.
    let of_order_status = shop.environment().names().dead_letters("order-status");
    eventually("two dead letters of order-status", async || {
        match raw::read(&shop.kafka(), &of_order_status).await.len() {
            2 => Ok(()),
            count => Err(format!("{count}")),
        }
    })
    .await;
    shop.shown(order, "InProgress", Some("reserved")).await;

    shop.refuse("order-status-0", &key, false).await;
    let redriven = shop.orderflow(&["dlq", "redrive", "order-status", "--all"]).await;
    assert_eq!(redriven.as_array().map(Vec::len), Some(2), "{redriven}");
    let shown = shop.shown(order, "Parked", None).await;
    let words = "shipping could not handle PaymentProcessed: injected; waits for an operator";
    assert!(timeline(&shown).any(|line| line["facts"] == words), "{shown}");

    shop.refuse("shipping-0", &key, false).await;
    redrive(&shop).await;
    shop.shown(order, "Fulfilled", None).await;
    shop.close_with_dead_letters(&[placed], &["injected"; 3]).await;
}

async fn listed(shop: &Shop, more: &[&str]) -> Vec<Value> {
    let listed = shop.orderflow(&[&["dlq", "list", "--group", "shipping"], more].concat()).await;
    listed.as_array().unwrap().clone()
}

fn parked_topic(shop: &Shop) -> String {
    shop.environment().names().topic(GroupTopics::of("shipping").unwrap().parked)
}

async fn parked(shop: &Shop) -> Vec<Raw> {
    raw::read(&shop.kafka(), &parked_topic(shop)).await
}

/// Waits until `audit` tells that these have parked something, and nobody else.
async fn audited(shop: &Shop, expected: &[(&str, &str)]) {
    eventually(&format!("audit to tell of {expected:?}"), async || {
        let told = shop.records::<DeadLetterParked>().await;
        let told: Vec<(String, String)> =
            told.into_iter().map(|(_, parked)| (parked.parked_by, parked.reason)).collect();
        let same = told.iter().map(|(by, why)| (by.as_str(), why.as_str())).eq(expected.iter().copied());
        if same { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
}

fn timeline(shown: &Value) -> impl Iterator<Item = &Value> {
    shown["timeline"].as_array().into_iter().flatten()
}
