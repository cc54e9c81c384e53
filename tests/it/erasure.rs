//! Whoever is erased is gone: from the topics, the caches and the label store; and may come back as somebody new.

use std::path::Path;

use orderflow::{
    events::{
        CustomerErased, InventoryReleased, LabelDocumentStored, OrderPlaced, PaymentProcessed,
        PaymentRefunded, PickupScheduled, ShippingFailed,
    },
    order_state::State,
};
use orderflow_tests::{Request, Shop, eventually, load::Placed, options, servers};
use serde_json::{Value, json};
use tokio::process::Command;
use uuid::Uuid;

#[tokio::test]
async fn an_erased_person_is_gone_everywhere_and_comes_back_as_somebody_new() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let request = Request::good();
    let customer = request.body["customer"]["id"].as_str().unwrap().to_owned();

    let fulfilled = shop.place(&request).await;
    let (_, document) = shop.record::<LabelDocumentStored>(&fulfilled.order_id.to_string()).await;
    let papers =
        [&document.zpl_path, &document.pdf_path].map(|path| shop.environment().label_store().join(path));
    assert!(papers.iter().all(|file| file.is_file()));

    shop.switch(shop.environment().carrier(), json!({ "error_rate": 1.0 })).await;
    let held_up = Placed { becomes: State::Undeliverable, ..shop.place(&request).await };
    let (_, paid) = shop.record::<PaymentProcessed>(&held_up.order_id.to_string()).await;
    let erased = paid.order.sealed.key_id;
    let cached = format!("{}shipping:keys:key:{erased}", shop.environment().connection().prefix);
    is_in_redis(&servers.redis_url, &cached, true).await;

    let report = erase(&shop, &customer).await;
    assert_eq!(
        [&report["keys_erased"], &report["documents_deleted"], &report["orders"]],
        [&json!(1), &json!(2), &json!(2)]
    );
    assert!(!papers.iter().any(|file| file.exists()));
    is_in_redis(&servers.redis_url, &cached, false).await;
    let (_, noted) = shop.record::<CustomerErased>(&customer).await;
    assert_eq!((noted.keys, noted.documents, noted.erased_by.as_str()), (vec![erased], 2, "support-7"));
    let again = erase(&shop, &customer).await;
    assert_eq!([&again["keys_erased"], &again["documents_deleted"]], [&json!(0), &json!(0)]);
    assert_eq!(again["event_id"], Value::Null, "a repeat finds nothing left");

    shop.switch(shop.environment().carrier(), json!({ "error_rate": 0.0 })).await;
    let (_, failed) = shop.record::<ShippingFailed>(&held_up.order_id.to_string()).await;
    assert_eq!(failed.reason, "erased");
    shop.record::<PaymentRefunded>(&held_up.order_id.to_string()).await;
    shop.record::<InventoryReleased>(&held_up.order_id.to_string()).await;

    let back = shop.place(&request).await;
    let new = key_of(&shop, back).await;
    assert_ne!(new, erased);
    for (order, is_erased) in [(fulfilled, true), (held_up, true), (back, false)] {
        eventually("order-status to show who is erased", async || {
            let (_, shown) = shop.ask(&format!("/orders/{}", order.order_id)).await;
            if shown["erased"] == json!(is_erased) { Ok(()) } else { Err(shown["erased"].to_string()) }
        })
        .await;
    }
    shop.record::<LabelDocumentStored>(&back.order_id.to_string()).await;

    flush(&servers.redis_url).await;
    // Days later: fraud scoring would hold the fourth order of a day.
    shop.move_clock("order-intake-0", 3 * 24 * 3600).await;
    let later = shop.place(&request).await;
    assert_ne!(key_of(&shop, later).await, erased, "a Redis that forgets does not bring a key back");
    shop.record::<PickupScheduled>(&later.order_id.to_string()).await;
    assert_eq!(documents(&shop.environment().label_store()), 4, "those of the two orders since");
    shop.close(&[fulfilled, held_up, back, later]).await;
}

#[tokio::test]
async fn a_stranger_cannot_be_erased_and_a_look_erases_nobody() {
    let shop = Shop::open(options()).await;
    let request = Request::good();
    let customer = request.body["customer"]["id"].as_str().unwrap().to_owned();
    let placed = shop.place(&request).await;
    shop.record::<LabelDocumentStored>(&placed.order_id.to_string()).await;

    let (is_well, report) = run(&shop, &["nobody", "--dry-run"]).await;
    assert_eq!((is_well, &report["is_known"]), (false, &json!(false)));
    let (is_well, report) = run(&shop, &[&customer, "--dry-run"]).await;
    assert!(is_well);
    assert_eq!([&report["keys_readable"], &report["keys_erased"]], [&json!(1), &json!(0)]);
    assert_eq!(documents(&shop.environment().label_store()), 2);
    let (is_well, report) = run(&shop, &[&customer, "--dry-run"]).await;
    assert_eq!((is_well, &report["keys_readable"]), (true, &json!(1)), "it was a look");
    shop.close(&[placed]).await;
}

/// Erases a customer as an operator does.
async fn erase(shop: &Shop, customer: &str) -> Value {
    let (is_well, report) = run(shop, &[customer, "--by", "support-7", "--reason", "request 118"]).await;
    assert!(is_well, "{report}");
    report
}

/// `orderflow customers erase`: whether it ends well, and its report.
async fn run(shop: &Shop, arguments: &[&str]) -> (bool, Value) {
    let environment = shop.environment();
    let connection = environment.connection();
    let mut command = Command::new(servers::binaries().await.path("orderflow").unwrap());
    command.args(["customers", "erase", "--json"]).args(arguments);
    command.envs(connection.variables()).arg("--label-store").arg(environment.label_store());
    let output = command.output().await.unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {words}"));
    (output.status.success(), report)
}

/// The key an order was sealed with.
async fn key_of(shop: &Shop, placed: Placed) -> Uuid {
    let (_, event) = shop.record::<OrderPlaced>(&placed.order_id.to_string()).await;
    event.order.sealed.key_id
}

/// How many files are in the label store, whatever they are.
fn documents(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { documents(&path) } else { 1 }).sum()
}

async fn is_in_redis(url: &str, key: &str, wanted: bool) {
    let client = redis::Client::open(url).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    eventually(&format!("{key} to be there: {wanted}"), async || {
        let found: bool = redis::cmd("EXISTS").arg(key).query_async(&mut connection.clone()).await.unwrap();
        if found == wanted { Ok(()) } else { Err(format!("{found}")) }
    })
    .await;
}

async fn flush(url: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
}
