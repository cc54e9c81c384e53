//! The flow as staff sees it.

use std::time::Duration;

use axum::http::Method;
use orderflow::{
    events::BreakerMoved,
    runtime::group_lag::{Lag, Standing},
    step::Step,
    topics::{FRAUD, MODELS, ORDERS, REVIEWS},
};
use serde_json::{Value, json};

use super::{
    events::{event, order, received},
    fixture::{FAR, Fixture, id},
    following::Stream,
};
use crate::flow::breakers;

/// An order that was placed and judged just now, the judgement 250 ms after it was placed.
async fn judged(service: &Fixture, n: u128) {
    let now = service.clock.now();
    let mut placed = received(event(&order(n), "OrderPlaced"));
    let mut passed = received(event(&order(n), "OrderValidatedForFraud"));
    placed.envelope.source = "order-intake".to_owned();
    passed.envelope.source = "fraud-scoring.on_order_placed".to_owned();
    passed.envelope.causation_id = Some(placed.envelope.id);
    (placed.envelope.time, passed.envelope.time) = (now, now + Duration::from_millis(250));
    (placed.origin.timestamp, passed.origin.timestamp) = (now, now);
    (placed.origin.topic, placed.origin.offset) = (ORDERS, 8);
    (passed.origin.topic, passed.origin.offset) = (FRAUD, 8);
    service.step.as_ref().unwrap().handle(&[placed, passed]).await.unwrap();
}

fn hop<'f>(flow: &'f Value, service: &str) -> &'f Value {
    flow["hops"].as_array().unwrap().iter().find(|hop| hop["service"] == service).unwrap()
}

#[tokio::test]
async fn the_flow_tells_how_many_orders_pass_and_how_quickly_and_what_waits() {
    let Some(service) = Fixture::start().await else { return };
    for n in 1..=3 {
        judged(&service, n).await;
    }
    service.fold_all(4, &["OrderPlaced", "InventoryShortage"]).await;
    let waiting = |records| Lag { records, since: Some(service.clock.now() - Duration::from_secs(3600)) };
    let scoring = [(ORDERS, waiting(5)), (REVIEWS, waiting(2)), (MODELS, waiting(9))];
    service.lags.tell("fraud-scoring", Standing { instances: 2, topics: scoring.into() });
    service.lags.tell("inventory", Standing { instances: 0, topics: [(FRAUD, Lag::default())].into() });
    let flow = service.get("/flow").await.body;
    let services: Vec<&Value> = flow["hops"].as_array().unwrap().iter().map(|hop| &hop["service"]).collect();
    assert_eq!(services, ["order-intake", "fraud-scoring", "inventory", "payment", "shipping"]);
    let scoring = hop(&flow, "fraud-scoring");
    assert_eq!((&scoring["p50_ms"], &scoring["p95_ms"]), (&json!(250.0), &json!(250.0)), "{flow}");
    // What it reads beside orders holds no order up.
    assert_eq!((&scoring["lag"], &scoring["instances"]), (&json!(7), &json!(2)), "{flow}");
    assert!(scoring["lag_age_s"].as_f64().is_some_and(|age| (3600.0..3700.0).contains(&age)), "{flow}");
    assert_eq!((&scoring["reads"], &scoring["writes"]), (&json!(["orders", "reviews"]), &json!(["fraud"])));
    let inventory = hop(&flow, "inventory");
    assert_eq!(
        (&inventory["lag"], &inventory["lag_age_s"], &inventory["instances"]),
        (&json!(0), &json!(0.0), &json!(0))
    );
    assert_eq!(hop(&flow, "order-intake")["lag"], Value::Null);
    // Three in what may be the first second; events that are dated a hundred years ahead count, too.
    assert!(flow["orders"]["accepted_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{flow}");
    assert_eq!(
        (&flow["orders"]["in_progress"], &flow["orders"]["ended"]["OutOfStock"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(flow["window_s"], 60);
    assert_eq!(flow["end_to_end"], json!({ "p50_ms": null, "p95_ms": null }));
}

#[tokio::test]
async fn the_flow_is_told_without_kafka_and_not_while_timelines_are_short_and_for_staff_alone() {
    let Some(service) = Fixture::start().await else { return };
    let flow = service.get("/flow").await;
    let payment = hop(&flow.body, "payment");
    assert_eq!(
        (flow.status.as_u16(), &payment["lag"], &payment["instances"]),
        (200, &Value::Null, &Value::Null)
    );
    for path in ["/flow", "/flow/events"] {
        let far = service.send(Method::GET, path, &[("test-peer", FAR)], "").await;
        assert_eq!(far.problem(), (403, "staff_only"), "{path}");
    }
    let Some(service) = Fixture::start().await else { return };
    let () = redis::cmd("FLUSHALL").query_async(&mut service.state.redis()).await.unwrap();
    assert_eq!(service.get("/flow").await.problem(), (503, "unavailable"));
}

#[tokio::test]
async fn a_breaker_is_a_fault_until_it_is_closed_in_any_order_of_its_words() {
    let Some(service) = Fixture::start().await else { return };
    let now = service.clock.now();
    let moved = |instance: &str, to: &str, seconds: u64| BreakerMoved {
        service: "payment".to_owned(),
        instance: instance.to_owned(),
        breaker: "payment-gateway".to_owned(),
        from: "closed".to_owned(),
        to: to.to_owned(),
        reason: "5 of 5 failed".to_owned(),
        moved_at: now - Duration::from_secs(seconds),
    };
    let open = async || breakers::open(&service.state, now).await.unwrap();
    let told =
        [moved("0", "open", 20), moved("1", "open", 10), moved("0", "closed", 5), moved("0", "open", 20)];
    breakers::take_note(&service.state, &told).await.unwrap();
    let flow = service.get("/flow").await.body;
    let fault =
        json!({ "what": "breaker open", "of": "payment-gateway", "since": now - Duration::from_secs(10) });
    assert_eq!(hop(&flow, "payment")["faults"], json!([fault]));
    breakers::take_note(&service.state, &[moved("1", "half_open", 3)]).await.unwrap();
    assert_eq!(open().await[0].state, "half_open");
    breakers::take_note(&service.state, &[moved("1", "closed", 2), moved("1", "half_open", 3)])
        .await
        .unwrap();
    assert_eq!(open().await, []);
    breakers::take_note(&service.state, &[moved("gone", "open", 25 * 3_600)]).await.unwrap();
    assert_eq!(open().await, [], "an instance that is gone says nothing more");
}

#[tokio::test]
async fn whoever_follows_the_flow_hears_each_second_of_it_and_of_orders_that_have_changed() {
    let Some(mut service) = Fixture::start().await else { return };
    let mut stream = Stream::of(service.open(Method::GET, "/flow/events", &[], "").await);
    let first = stream.next().await.unwrap();
    assert_eq!((first.event.as_str(), &first.data["orders"]["in_progress"]), ("flow", &json!(0)));
    service.fold_all(1, &["OrderPlaced"]).await;
    service.fold_all(1, &["InventoryReserved"]).await;
    let second = stream.next().await.unwrap();
    assert_eq!((second.event.as_str(), &second.data["orders"]["in_progress"]), ("flow", &json!(1)));
    let order = stream.next().await.unwrap();
    assert_eq!(order.event, "order");
    assert_eq!((&order.data["order_id"], &order.data["step"]), (&json!(id(1)), &json!("reserved")));

    let many = (100..160).map(|n| event(&super::events::order(n), "OrderPlaced"));
    service.fold(many).await;
    let mut told = Vec::new();
    while told.last() != Some(&"skipped".to_owned()) {
        let sent = stream.next().await.unwrap();
        if sent.event == "skipped" {
            assert_eq!(sent.data, json!({ "skipped": 10 }));
        }
        told.push(sent.event);
    }
    assert_eq!(told.iter().filter(|event| *event == "order").count(), 50);
    (service.step, service.letters, service.acts) = (None, None, None); // the loop has ended
    while stream.next().await.is_some() {}
}
