//! Where an order stands, for whoever asks: right in any arrival order, and after anything.

use std::collections::BTreeSet;

use orderflow::order_state::State;
use orderflow_cli::{environment::Options, log::Place};
use orderflow_tests::{Request, Shop, eventually, load::Placed, options, servers};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn whoever_has_a_202_finds_the_order_where_location_says_and_waits_there_for_its_end() {
    let shop = Shop::open(options()).await;
    let mut placed = Vec::new();
    for request in [Request::good(), Request::declined(), Request::short(), Request::undeliverable()] {
        let response = shop.counter().post(&request).await.unwrap();
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        let location = response.headers()["location"].to_str().unwrap().to_owned();
        let (status, shown) = answer(&format!("{location}?wait=accepted")).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        let (_, shown) = answer(&format!("{location}?wait=final&timeout=60s")).await;
        assert_eq!(shown["state"], format!("{:?}", request.becomes), "{shown}");
        let first = &shown["timeline"][0];
        assert_eq!((&first["event"], &first["by"]), (&json!("OrderPlaced"), &json!("order-intake")));
        let order_id = shown["order_id"].as_str().unwrap().parse().unwrap();
        placed.push(Placed { order_id, becomes: request.becomes });
    }
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_customer_s_orders_come_in_pages_newest_first() {
    let shop = Shop::open(options()).await;
    let customer = Request::good();
    let id = customer.body["customer"]["id"].as_str().unwrap().to_owned();
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(shop.place(&customer).await);
    }
    placed.push(shop.place(&Request::good()).await);
    shop.settled(&placed).await;
    for order in &placed {
        shop.shown(order.order_id, "Fulfilled", None).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = shop.ask(&format!("/orders?customer={id}&limit=2{cursor}")).await;
        let orders = page["orders"].as_array().unwrap_or_else(|| panic!("{page}"));
        seen.extend(orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let newest_first: Vec<String> =
        placed[..3].iter().rev().map(|order| order.order_id.to_string()).collect();
    assert_eq!(seen, newest_first);
    let (_, page) = shop.ask(&format!("/orders?customer={id}&state=Declined")).await;
    assert_eq!(page["orders"].as_array().map(Vec::len), Some(0), "{page}");
    shop.close(&placed).await;
}

#[tokio::test]
async fn an_order_s_events_are_pushed_until_its_end() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::good()).await;
    let url = format!("{}/orders/{}/events", shop.environment().status_url(), placed.order_id);
    let body = reqwest::get(url).await.unwrap().text().await.unwrap();
    let told = |record: &str| {
        body.find(&format!("\"event\":\"{record}\"")).unwrap_or_else(|| panic!("{record}: {body}"))
    };
    let path = [
        "OrderPlaced",
        "OrderValidatedForFraud",
        "InventoryReserved",
        "PaymentProcessed",
        "ShippingLabelGenerated",
    ];
    path.windows(2).for_each(|pair| assert!(told(pair[0]) < told(pair[1]), "{body}"));
    assert!(body.contains("event: end") && body.contains("Fulfilled"), "{body}");
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn timelines_come_back_from_the_log_when_redis_is_empty_and_from_any_instance() {
    let servers = servers::own_redis().await;
    let shop =
        Shop::open_on(&servers, Options { instances: [("order-status", 2)].into(), ..options() }).await;
    let placed = shop.load(20).all().await;
    shop.settled(&placed).await;
    // The log is ahead of whoever reads it.
    let before = eventually("all that was heard to be on the timelines", async || {
        let (told, heard) = (stories(&shop, &placed).await, heard(&shop, &placed));
        let counts: Vec<usize> = told.iter().map(|(_, events)| events.len()).collect();
        if counts == heard { Ok(told) } else { Err(format!("{counts:?} of {heard:?}")) }
    })
    .await;
    servers::flush(&servers).await;
    for order in &placed {
        eventually("the order to be known again", async || {
            let (status, shown) = shop.ask(&format!("/orders/{}", order.order_id)).await;
            // Known or not yet: but never said to be unknown.
            assert_ne!(status, StatusCode::NOT_FOUND, "{shown}");
            if status == StatusCode::OK { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
    }
    eventually("the same stories as before", async || match stories(&shop, &placed).await {
        after if after == before => Ok(()),
        after => Err(format!(
            "{} of {}",
            after.iter().filter(|story| before.contains(story)).count(),
            before.len()
        )),
    })
    .await;
    let other = shop.instance("order-status-1");
    for order in &placed {
        let url = format!("{}/orders/{}", other.http_url().unwrap(), order.order_id);
        assert_eq!(answer(&url).await.0, StatusCode::OK);
    }
    assert!(placed.iter().any(|order| order.becomes == State::Fulfilled));
    shop.close(&placed).await;
}

/// What may come after an order's end.
const AFTER: [&str; 4] = ["LabelDocumentStored", "PickupScheduled", "InventoryReleased", "InventoryShipped"];

/// How many events of each order are on the log, without what comes after its end.
fn heard(shop: &Shop, placed: &[Placed]) -> Vec<usize> {
    let entries = shop.entries();
    let of = |order: &Placed| {
        let ours = entries.iter().filter(|entry| {
            let is_event = matches!(entry.place, Place::Topic(_)) && !AFTER.contains(&entry.record());
            is_event && entry.order_id() == Some(order.order_id)
        });
        ours.map(|entry| entry.envelope.id).collect::<BTreeSet<_>>().len()
    };
    placed.iter().map(of).collect()
}

/// Each order's state and events, without what comes after its end.
async fn stories(shop: &Shop, placed: &[Placed]) -> Vec<(Value, Vec<String>)> {
    let mut stories = Vec::new();
    for order in placed {
        let (_, shown) = shop.ask(&format!("/orders/{}", order.order_id)).await;
        let events = shown["timeline"].as_array().cloned().unwrap_or_default();
        let names = events.iter().filter_map(|event| event["event"].as_str().map(str::to_owned));
        stories
            .push((shown["state"].clone(), names.filter(|name| !AFTER.contains(&name.as_str())).collect()));
    }
    stories
}

async fn answer(url: &str) -> (StatusCode, Value) {
    let response = reqwest::get(url).await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}
