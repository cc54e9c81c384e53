//! Redis, the registry or the label store is out for longer than any record may fail: nothing is given up, and all is
//! caught up with afterwards. With a `RETRY_LIMIT` this low, an outage that counted would show at once.
//!
//! The clocks of all services go ten minutes ahead meanwhile. With `OUTAGE_SECONDS=600` ten real minutes go by instead.

use std::{path::PathBuf, time::Duration};

use orderflow::{
    codec::schema_id,
    events::{
        OrderValidatedForFraud, Record, ShippingLabelGenerated, StockAdjusted, StockAdjustmentRequested,
    },
    registry::Registry,
    schemas, topics,
};
use orderflow_cli::environment::Options;
use orderflow_tests::{
    Request, Shop, eventually, options,
    raw::{self, Raw},
    servers,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Of the outage, as its records and deadlines see it.
const TEN_MINUTES: i64 = 600;

fn impatient() -> Options {
    let mut options = options();
    options.variables.push(("RETRY_LIMIT".to_owned(), "3".to_owned()));
    options
}

/// Waits until the breaker has opened so often: far more attempts have failed by then than a record has.
async fn opened(shop: &Shop, instance: &str, breaker: &str, times: f64) {
    let moves = format!("orderflow_breaker_moves_total{{breaker=\"{breaker}\",to=\"open\"}} ");
    eventually(&format!("{breaker} of {instance} to open {times} times"), async || {
        let metrics = shop.metrics(instance).await;
        let count = metrics.lines().find_map(|line| line.strip_prefix(&moves)?.parse::<f64>().ok());
        if count >= Some(times) { Ok(()) } else { Err(format!("{count:?}")) }
    })
    .await;
    let state = format!("orderflow_breaker_state{{breaker=\"{breaker}\"}}");
    assert!(shop.metrics(instance).await.contains(&state), "which stands in the metrics");
}

/// Ten minutes go by for all services: breakers, deadlines and reservations see them.
async fn time_goes_by(shop: &Shop) {
    let real = std::env::var("OUTAGE_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    if let Some(seconds) = real {
        return tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    let names: Vec<String> =
        shop.environment().instances().iter().map(|instance| instance.name().to_owned()).collect();
    for name in names {
        shop.move_clock(&name, TEN_MINUTES).await;
    }
}

#[tokio::test]
async fn redis_is_out_for_longer_than_any_record_may_fail() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, impatient()).await;
    // So that there is work under way when it goes.
    shop.terminate("fraud-scoring-0").await;
    let placed = shop.load(30).all().await;
    shop.start_again("fraud-scoring-0").await;
    shop.record::<OrderValidatedForFraud>(&placed[0].order_id.to_string()).await;
    let redis = servers.redis.as_ref().unwrap();
    redis.freeze();
    for instance in ["fraud-scoring-0", "inventory-0", "payment-0", "shipping-0"] {
        opened(&shop, instance, "redis", 3.0).await;
        shop.says(instance, "redis").await;
        assert_eq!(shop.readiness(instance).await, 503, "{instance}");
    }
    time_goes_by(&shop).await;
    redis.thaw();
    shop.close(&placed).await;
}

#[tokio::test]
async fn the_label_store_is_out_for_longer_than_any_label_may_fail() {
    let shop = Shop::open(impatient()).await;
    let store = shop.environment().label_store();
    let aside: PathBuf = store.with_extension("aside");
    std::fs::rename(&store, &aside).unwrap();
    std::fs::write(&store, "no folder").unwrap();
    let placed = shop.load(10).all().await;
    // Nobody's order waits for its document.
    shop.settled(&placed).await;
    assert!(!shop.records::<ShippingLabelGenerated>().await.is_empty());
    opened(&shop, "shipping-0", "label-store", 3.0).await;
    shop.says("shipping-0", "label_store").await;
    time_goes_by(&shop).await;
    std::fs::remove_file(&store).unwrap();
    std::fs::rename(&aside, &store).unwrap();
    // Its end waits for each document.
    shop.close(&placed).await;
}

#[tokio::test]
async fn the_registry_is_out_while_a_newer_producer_writes() {
    let servers = servers::own_registry().await;
    let shop = Shop::open_on(&servers, impatient()).await;
    let mut placed = shop.load(10).all().await;
    shop.settled(&placed).await;
    let newer = receipt_of_a_newer_producer(&shop).await;
    let registry = servers.registry.as_ref().unwrap();
    registry.freeze();
    let topic = shop.environment().names().topic(topics::INVENTORY_STOCK);
    raw::write(&shop.kafka(), &topic, newer.clone()).await;
    opened(&shop, "inventory-0", "registry", 2.0).await;
    shop.says("inventory-0", "registry").await;
    // What is known needs no registry; this test's own reader would.
    placed.push(shop.place(&Request::good()).await);
    shop.shown(placed[placed.len() - 1].order_id, "Fulfilled", None).await;
    time_goes_by(&shop).await;
    registry.thaw();
    let id: Uuid = newer.text("ce_id").unwrap().parse().unwrap();
    eventually("the receipt to be answered", async || {
        let answers = shop.records::<StockAdjusted>().await;
        let answer = answers.iter().find(|(entry, _)| entry.envelope.causation_id == Some(id));
        answer.map(|_| ()).ok_or_else(|| format!("{} others", answers.len()))
    })
    .await;
    shop.close(&placed).await;
}

/// A receipt of stock whose schema was registered after the services had started: one optional field more.
async fn receipt_of_a_newer_producer(shop: &Shop) -> Raw {
    let full_name = StockAdjustmentRequested::full_name();
    let ours = schemas::all().unwrap().into_iter().find(|schema| schema.full_name == full_name).unwrap();
    let mut schema: Value = serde_json::from_str(&ours.schema).unwrap();
    let field = json!({ "name": "supplier", "type": ["null", "string"], "default": null });
    schema["fields"].as_array_mut().unwrap().push(field);
    let names = shop.environment().names();
    let topic = names.topic(topics::INVENTORY_STOCK);
    let registry = shop.environment().connection().registry().unwrap();
    let id = registry.register(&Registry::subject(&topic, &full_name), &schema.to_string()).await.unwrap();
    let (_, receipt) = shop.record::<StockAdjustmentRequested>("MUG").await;
    let all = raw::read(&shop.kafka(), &topic).await;
    let like = all.into_iter().find(|record| record.key.as_deref() == Some(receipt.sku.as_bytes())).unwrap();
    let value = like.value.clone().unwrap();
    assert_ne!(schema_id(&value).unwrap(), id);
    // The field that is new comes last: a union's first branch, null, is a zero byte.
    let newer = [&[0_u8][..], &id.to_be_bytes()[..], &value[5..], &[0_u8][..]].concat();
    let mut record = Raw { value: Some(newer), ..like };
    record.headers.retain(|(name, _)| name != "ce_id");
    record.with("ce_id", &Uuid::new_v4().to_string())
}
