//! While a dependency is down its service pauses and probes: nobody's order is blamed for it.

use orderflow::{events::BreakerMoved, order_state::State};
use orderflow_tests::{Request, Shop, eventually, options};
use rstest::rstest;
use serde_json::{Value, json};

/// What is outside, and who calls it.
#[derive(Debug, Clone, Copy)]
enum Outside {
    Gateway,
    Carrier,
}

#[rstest]
#[case::gateway(Outside::Gateway)]
#[case::carrier(Outside::Carrier)]
#[tokio::test]
async fn an_outage_is_waited_out_and_blames_no_order(#[case] outside: Outside) {
    let shop = Shop::open(options()).await;
    let (simulator, service, breaker) = match outside {
        Outside::Gateway => (shop.environment().gateway(), "payment-0", "gateway"),
        Outside::Carrier => (shop.environment().carrier(), "shipping-0", "carrier"),
    };
    let mut placed = shop.load(10).all().await;
    shop.settled(&placed).await;

    shop.switch(simulator, json!({ "error_rate": 1.0 })).await;
    for _ in 0..20 {
        placed.push(shop.place(&Request::good()).await);
    }
    let state = format!("orderflow_breaker_state{{breaker=\"{breaker}\"}} 2");
    eventually("the breaker to open", async || match shop.metrics(service).await.contains(&state) {
        true => Ok(()),
        false => Err("it is not open"),
    })
    .await;
    let said = readiness(&shop, service).await;
    assert_eq!(said["status"], "degraded", "{said}");
    assert!(said["concerns"].to_string().contains(breaker), "{said}");
    // It probes, in vain, and tries no order the while.
    opened(&shop, breaker, 3).await;
    placed.push(shop.place(&Request::short()).await);
    shop.settled(&placed[placed.len() - 1..]).await;

    shop.switch(simulator, json!({ "error_rate": 0.0 })).await;
    shop.settled(&placed).await;
    eventually("the service to be ready", async || match readiness(&shop, service).await {
        said if said["status"] == "ready" => Ok(()),
        said => Err(said.to_string()),
    })
    .await;
    // The service goes on without waiting for what it tells `audit`.
    let moves = eventually("audit to hear that it is closed", async || {
        let moves = moves(&shop, breaker).await;
        if moves.last().is_some_and(|one| one.to == "closed") { Ok(moves) } else { Err(format!("{moves:?}")) }
    })
    .await;
    assert_eq!(moves.first().map(|one| (one.from.as_str(), one.to.as_str())), Some(("closed", "open")));
    assert_eq!(moves.last().map(|one| (one.from.as_str(), one.to.as_str())), Some(("half_open", "closed")));
    assert!(moves.windows(2).all(|pair| pair[0].to == pair[1].from), "{moves:?}");
    assert!(placed.iter().any(|order| order.becomes == State::Fulfilled));
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_crash_while_the_breaker_is_open_loses_nothing() {
    let shop = Shop::open(options()).await;
    let gateway = shop.environment().gateway();
    shop.switch(gateway, json!({ "error_rate": 1.0 })).await;
    let mut placed = Vec::new();
    for _ in 0..10 {
        placed.push(shop.place(&Request::good()).await);
    }
    opened(&shop, "gateway", 1).await;
    shop.kill("payment-0");
    shop.start_again("payment-0").await;
    opened(&shop, "gateway", 2).await;
    shop.switch(gateway, json!({ "error_rate": 0.0 })).await;
    shop.close(&placed).await;
}

/// Waits until `audit` has heard so often that a breaker has opened.
async fn opened(shop: &Shop, breaker: &str, times: usize) {
    eventually(&format!("{times} openings of {breaker}"), async || {
        let opened = moves(shop, breaker).await.iter().filter(|one| one.to == "open").count();
        if opened >= times { Ok(()) } else { Err(format!("{opened}")) }
    })
    .await;
}

async fn moves(shop: &Shop, breaker: &str) -> Vec<BreakerMoved> {
    let all = shop.records::<BreakerMoved>().await.into_iter().map(|(_, moved)| moved);
    all.filter(|moved| moved.breaker == breaker).collect()
}

async fn readiness(shop: &Shop, name: &str) -> Value {
    let url = format!("{}/health/ready", shop.instance(name).operator_url());
    reqwest::get(url).await.unwrap().json().await.unwrap()
}
