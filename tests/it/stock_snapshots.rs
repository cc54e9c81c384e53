//! Old records of inventory may go once a snapshot includes them; and not before.

use std::collections::BTreeMap;

use orderflow::{order_state::State, topics::INVENTORY};
use orderflow_tests::{
    Request, Shop, eventually, options,
    raw::{delete_all, delete_before},
    servers,
};
use redis::AsyncCommands;
use serde_json::Value;

/// Every SKU's stock in Redis.
async fn stock(shop: &Shop) -> BTreeMap<String, BTreeMap<String, i64>> {
    let root = shop.environment().names().keys("inventory");
    let client = shop.environment().connection().servers.redis.client();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let generation: u64 = redis.get(format!("{root}generation")).await.unwrap();
    let stem = format!("{root}g{generation}:stock:");
    let keys: Vec<String> = redis.keys(format!("{stem}*")).await.unwrap();
    let mut stock = BTreeMap::new();
    for key in keys {
        let mut level: BTreeMap<String, i64> = redis.hgetall(&key).await.unwrap();
        level.entry("reserved".to_owned()).or_default(); // a counter that has never counted
        stock.insert(key[stem.len()..].to_owned(), level);
    }
    stock
}

/// Removes what the snapshot includes, as an operator would by its places.
async fn remove_included(shop: &Shop, snapshot: &Value) {
    for place in snapshot["partitions"].as_array().unwrap() {
        let (topic, offset) = (place["topic"].as_str().unwrap(), place["offset"].as_i64().unwrap());
        let partition = i32::try_from(place["partition"].as_i64().unwrap()).unwrap();
        delete_before(&shop.kafka(), topic, partition, offset).await;
    }
}

#[tokio::test]
async fn stock_is_exact_after_a_rebuild_whose_old_records_are_gone_and_refused_without_a_snapshot() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let mut placed = shop.load(30).all().await;
    shop.settled(&placed).await;
    shop.orderflow(&["verify", "inventory", "--settle", "30"]).await; // and so all that is shipped or freed is on the log

    let snapshot = shop.orderflow(&["snapshot", "take"]).await;
    assert_eq!(snapshot["number"], 1, "{snapshot}");
    assert_eq!(shop.orderflow(&["snapshot", "show"]).await, snapshot);
    remove_included(&shop, &snapshot).await;
    let before = stock(&shop).await;
    shop.orderflow(&["rebuild", "inventory", "--yes"]).await;
    assert_eq!(stock(&shop).await, before, "the snapshot alone tells the same");

    // Behind the snapshot the log goes on; the next one stands on the first.
    placed.extend(shop.load(15).all().await);
    let last = Request::for_lines(&[("LAST", 2)]);
    placed.push(shop.place(&last).await);
    shop.settled(&placed).await;
    placed.push(shop.place(&Request { becomes: State::OutOfStock, ..last }).await);
    shop.settled(&placed).await;
    shop.orderflow(&["verify", "inventory", "--settle", "30"]).await;
    let before = stock(&shop).await;
    shop.orderflow(&["rebuild", "inventory", "--yes"]).await;
    assert_eq!(stock(&shop).await, before, "the snapshot and the rest of the log tell the same");
    let second = shop.orderflow(&["snapshot", "take"]).await;
    assert_eq!(second["number"], 2, "{second}");

    // More is removed than a snapshot includes.
    placed.extend(shop.load(10).all().await);
    shop.settled(&placed).await;
    shop.orderflow(&["verify", "inventory", "--settle", "30"]).await;
    let inventory = shop.environment().names().topic(INVENTORY);
    for partition in 0..3 {
        delete_all(&shop.kafka(), &inventory, partition).await;
    }
    servers::flush(&servers).await;
    let inventory = shop.instance("inventory-0");
    eventually("inventory to refuse", async || match inventory.process().unwrap().is_running() {
        false => Ok(()),
        true => Err("it runs"),
    })
    .await;
    let said = std::fs::read_to_string(inventory.log()).unwrap();
    assert!(said.contains("the stock cannot be known") && said.contains("log_incomplete"), "{said}");
    shop.abandon().await; // part of the log is gone on purpose
}
