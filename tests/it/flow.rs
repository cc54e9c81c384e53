//! The flow of a running shop, as staff sees it.

use orderflow::{events::InventoryReserved, topics};
use orderflow_tests::{Request, Shop, eventually, options};
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test]
async fn the_flow_tells_of_each_hop_and_what_waits_in_front_of_a_service_that_stopped() {
    let shop = Shop::open(options()).await;
    let mut placed = shop.load(20).all().await;
    shop.settled(&placed).await;
    let flow = eventually("nothing to wait any more", async || {
        let flow = flow(&shop).await;
        let all_read = flow["hops"].as_array().unwrap()[1..].iter().all(|hop| hop["lag"] == 0);
        if all_read { Ok(flow) } else { Err(flow.to_string()) }
    })
    .await;
    // What comes last, nobody waits for.
    for (service, topic) in [("inventory", topics::SHIPPING), ("payment", topics::INVENTORY)] {
        shop.caught_up(service, topic).await;
    }
    let services: Vec<&Value> = flow["hops"].as_array().unwrap().iter().map(|hop| &hop["service"]).collect();
    assert_eq!(services, ["order-intake", "fraud-scoring", "inventory", "payment", "shipping"]);
    for hop in &flow["hops"].as_array().unwrap()[1..] {
        assert_eq!(hop["instances"], 1, "{hop}");
        assert!(hop["per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{hop}");
        let [p50, p95] = ["p50_ms", "p95_ms"].map(|name| hop[name].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p95 && p95 < 60_000.0, "{hop}");
    }
    let ended = flow["orders"]["ended"].as_object().unwrap();
    assert_eq!(ended.values().filter_map(Value::as_u64).sum::<u64>(), 20, "{flow}");
    assert!(flow["end_to_end"]["p50_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{flow}");

    shop.terminate("payment-0").await;
    for _ in 0..5 {
        let order = shop.place(&Request::good()).await;
        shop.record::<InventoryReserved>(&order.order_id.to_string()).await;
        placed.push(order);
    }
    let waiting = eventually("five orders to wait for payment", async || {
        let hop = hop(&shop, "payment").await;
        let waits = hop["lag"].as_i64().is_some_and(|lag| lag >= 10) && hop["instances"] == 0;
        if waits { Ok(hop) } else { Err(hop.to_string()) }
    })
    .await;
    assert!(waiting["lag"].as_i64().is_some_and(|lag| lag <= 25), "{waiting}");
    eventually("what waits to grow older", async || {
        let hop = hop(&shop, "payment").await;
        if hop["lag_age_s"].as_f64() > waiting["lag_age_s"].as_f64() { Ok(()) } else { Err(hop.to_string()) }
    })
    .await;
    assert_eq!(hop(&shop, "inventory").await["lag"], 0, "nobody else waits");

    // Whoever follows it sees it go down.
    let url = format!("{}/flow/events", shop.environment().status_url());
    let mut events = reqwest::get(url).await.unwrap();
    shop.start_again("payment-0").await;
    let mut text = String::new();
    while !(text.contains("event: order\n") && text.contains("\"ended\"")) {
        text.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(text.contains("event: flow\n"), "{text}");
    shop.settled(&placed).await;
    eventually("nothing to wait for payment", async || match hop(&shop, "payment").await {
        hop if hop["lag"] == 0 && hop["lag_age_s"] == 0.0 => Ok(()),
        hop => Err(hop.to_string()),
    })
    .await;
    shop.close(&placed).await;
}

async fn flow(shop: &Shop) -> Value {
    let (status, flow) = shop.ask("/flow").await;
    assert_eq!(status, StatusCode::OK, "{flow}");
    flow
}

async fn hop(shop: &Shop, service: &str) -> Value {
    let mut flow = flow(shop).await;
    let hops = flow["hops"].as_array_mut().unwrap();
    let at = hops.iter().position(|hop| hop["service"] == service).unwrap();
    hops.swap_remove(at)
}
