//! Gateways and carriers that fail, hang, or act and then say nothing.

use orderflow_tests::{Request, Shop, eventually, options, servers};
use serde_json::json;

#[tokio::test]
async fn a_gateway_that_charges_and_does_not_answer_charges_once() {
    let mut options = options();
    options.gateway_faults = json!({ "timeout_after_charge_rate": 0.3, "hold_ms": 300 }).to_string();
    options.carrier_faults = json!({ "timeout_after_label_rate": 0.3, "hold_ms": 300 }).to_string();
    let shop = Shop::open(options).await;
    let placed = shop.load(30).all().await;
    shop.close(&placed).await;
}

/// Payment looks its intent up before it charges, so even a gateway that forgets keys does not charge twice. Somebody else
/// does here, so that it is known: a second charge would be found.
#[tokio::test]
async fn a_second_charge_would_be_noticed() {
    let shop = Shop::open(options()).await;
    let placed = [shop.place(&Request::good()).await];
    let form = [
        ("amount", "100"),
        ("currency", "eur"),
        ("payment_method", "tok_visa"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("confirm", "true"),
        ("metadata[order_id]", &placed[0].order_id.to_string()),
    ];
    shop.settled(&placed).await;
    let url = format!("{}/v1/payment_intents", shop.environment().gateway().operator_url());
    let charged =
        reqwest::Client::new().post(url).header("idempotency-key", "again").form(&form).send().await;
    charged.unwrap().error_for_status().unwrap();
    let problems = shop.examine(&placed, &[]).await;
    assert!(problems.iter().any(|problem| problem.contains("with 2 charges")), "{problems:?}");
}

#[tokio::test]
async fn a_gateway_that_forgets_keys_still_charges_once() {
    let mut options = options();
    let faults = json!({ "timeout_after_charge_rate": 0.3, "hold_ms": 100, "forget_key_rate": 1.0 });
    options.gateway_faults = faults.to_string();
    let shop = Shop::open(options).await;
    let placed = shop.load(30).all().await;
    shop.close(&placed).await;
}

#[tokio::test]
async fn an_outage_of_gateway_and_carrier_fills_no_dead_letter_queue() {
    let shop = Shop::open(options()).await;
    let (gateway, carrier) = (shop.environment().gateway(), shop.environment().carrier());
    let down = json!({ "error_rate": 1.0 });
    shop.switch(gateway, down.clone()).await;
    let mut placed = vec![shop.place(&Request::good()).await, shop.place(&Request::good()).await];
    // Tried again and again, and given up never.
    let retries = |metrics: &str| {
        let lines =
            metrics.lines().filter(|line| line.contains("retries") && line.contains("gateway_unavailable"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    eventually("several attempts", async || match retries(&shop.metrics("payment-0").await) {
        attempts if attempts >= 3.0 => Ok(()),
        attempts => Err(format!("{attempts} retries")),
    })
    .await;
    shop.switch(carrier, down).await;
    shop.switch(gateway, json!({ "error_rate": 0.0 })).await;
    placed.push(shop.place(&Request::declined()).await);
    shop.settled(&placed[2..]).await;
    shop.switch(carrier, json!({ "error_rate": 0.0 })).await;
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_redis_that_hangs_stops_the_work_and_loses_nothing() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let load = shop.load(40);
    load.reached(15).await;
    let redis = servers.redis.as_ref().unwrap();
    redis.freeze();
    // Whoever asks for readiness is told, so that nobody sends work there.
    eventually("payment to say that it is not ready", async || match shop.readiness("payment-0").await {
        503 => Ok(()),
        status => Err(format!("it answers {status}")),
    })
    .await;
    redis.thaw();
    shop.close(&load.all().await).await;
}
