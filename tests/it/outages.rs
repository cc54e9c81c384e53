//! Gateways and carriers that fail, hang, or act and then say nothing, or something else than was asked for.

use orderflow::{events::PaymentFailed, order_state::State};
use orderflow_tests::{Request, Shop, eventually, load::Placed, options, servers};
use serde_json::json;
use simulators::gateway::{Kind, read_ledger};

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

/// What was charged is held against what the order costs, whoever says that it is paid. Nothing is shipped for it; and once
/// the money went back at the gateway, the order has an end.
#[tokio::test]
async fn a_wrong_charge_rests_its_order_until_the_money_went_back() {
    let shop = Shop::open(options()).await;
    let gateway = shop.environment().gateway();
    shop.switch(gateway, json!({ "wrong_amount_rate": 1.0 })).await;
    let wrong = shop.place(&Request::good()).await;
    let key = wrong.order_id.to_string();
    shop.settled(&[Placed { becomes: State::Parked, ..wrong }]).await;
    let letters = shop.orderflow(&["dlq", "list", "--group", "payment"]).await;
    assert_eq!(
        (&letters[0]["code"], &letters[0]["key"]),
        (&json!("charge_mismatch"), &json!(key)),
        "{letters}"
    );
    shop.switch(gateway, json!({ "wrong_amount_rate": 0.0 })).await;

    let ledger = read_ledger(&shop.environment().gateway_ledger()).unwrap();
    let charge = ledger.iter().find(|line| line.entry.kind == Kind::Charge).unwrap();
    let form = [("payment_intent", charge.entry.intent_id.as_str())];
    let refunds = format!("{}/v1/refunds", gateway.operator_url());
    let refund = reqwest::Client::new().post(refunds).header("idempotency-key", "by hand").form(&form);
    refund.send().await.unwrap().error_for_status().unwrap();
    shop.orderflow(&["dlq", "redrive", "payment", "--all"]).await;
    let (_, failed) = shop.record::<PaymentFailed>(&key).await;
    assert_eq!(failed.reason, "refused_by_gateway");
    assert_eq!(failed.gateway_code.as_deref(), Some("wrong_amount"));

    let other = shop.place(&Request::good()).await;
    let wrong = Placed { becomes: State::Declined, ..wrong };
    let problems = shop.examine(&[wrong, other], &["charge_mismatch"]).await;
    // The ledger keeps what the gateway has done, and that is all there is to find.
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.contains(&key)), "{problems:?}");
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
