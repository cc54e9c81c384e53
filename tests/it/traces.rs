//! One trace per order, as a collector receives it from real services.

use std::collections::BTreeSet;

use orderflow::{events::OrderPlaced, order_state::State, topics::GroupTopics};
use orderflow_tests::{
    Request, Shop,
    collector::{Collector, Span},
    eventually, options, raw,
};
use serde_json::json;

/// An order whose payment needs a second attempt, whose label is first refused and then redriven.
const WHOLE: &str = include_str!("traces/whole.txt");

#[tokio::test]
async fn the_whole_way_of_an_order_is_one_trace_with_its_retry_and_its_dead_letter() {
    let collector = Collector::start().await;
    let shop = traced(&collector, &[]).await;
    shop.switch(shop.environment().gateway(), json!({ "error_rate": 1.0 })).await;
    let placed = shop.place(&Request::good()).await;
    let key = placed.order_id.to_string();
    eventually("payment to try again", async || {
        let metrics = shop.metrics("payment-0").await;
        if metrics.contains("orderflow_retries_total{") { Ok(()) } else { Err("it has not") }
    })
    .await;
    shop.refuse("shipping-0", &key, true).await;
    shop.switch(shop.environment().gateway(), json!({ "error_rate": 0.0 })).await;
    let letters = shop.environment().names().topic(GroupTopics::of("shipping").unwrap().dead_letters);
    eventually("the dead letter", async || match raw::read(&shop.kafka(), &letters).await.len() {
        1 => Ok(()),
        count => Err(count),
    })
    .await;
    shop.refuse("shipping-0", &key, false).await;
    shop.orderflow(&["dlq", "redrive", "shipping", "--all"]).await;
    shop.settled(&[placed]).await;
    let (root, _) = shop.record::<OrderPlaced>(&key).await;
    let prefix = shop.environment().connection().prefix.clone();
    shop.close_with_dead_letters(&[placed], &["injected"]).await;

    let trace = root.envelope.trace.trace_id();
    // How records are polled together, and whether the breaker opens meanwhile, is up to the machine.
    let shown = |span: &Span| {
        !span.name.starts_with("receive ") && span.failed.as_deref() != Some("gateway_breaker_open")
    };
    assert_eq!(collector.tree(&trace, shown).replace(&prefix, ""), WHOLE);
    let spans = collector.spans();
    conventions(&spans, &prefix, &key, &root.envelope.correlation_id);
    let again = spans.iter().find(|span| span.attributes.contains_key("orderflow.again")).unwrap();
    let letter = spans.iter().find(|span| span.name == format!("send {letters}"));
    assert_eq!(again.links, [letter.unwrap().id.clone()], "a redriven record is linked with its dead letter");
}

/// What a span about the order's first hop must say of itself.
fn conventions(spans: &[Span], prefix: &str, key: &str, correlation: &str) {
    let topic = format!("{prefix}orders");
    let process = spans
        .iter()
        .find(|span| span.service == "fraud-scoring" && span.name == format!("process {topic}"))
        .unwrap();
    let told = |name: &str| process.attributes.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!((told("messaging.system"), told("messaging.operation.name")), ("kafka", "process"));
    assert_eq!((told("messaging.destination.name"), told("messaging.kafka.message.key")), (&*topic, key));
    assert_eq!(told("messaging.consumer.group.name"), format!("{prefix}fraud-scoring"));
    assert_eq!(told("messaging.message.conversation_id"), correlation);
    for name in ["messaging.destination.partition.id", "messaging.kafka.offset", "messaging.message.id"] {
        assert!(!told(name).is_empty(), "{name} is missing: {process:?}");
    }
    let send = spans.iter().find(|span| span.name == format!("send {topic}")).unwrap();
    assert_eq!(process.parent, send.id);
    assert_eq!(told("messaging.message.id"), send.attributes["messaging.message.id"]);
    assert!(spans.iter().any(|span| span.name.starts_with("receive ")), "nobody tells of a poll");
}

#[tokio::test]
async fn of_orders_nobody_samples_only_the_flagged_ones_are_kept_and_batches_are_linked() {
    let collector = Collector::start().await;
    let shop = traced(&collector, &[("OTEL_TRACES_SAMPLER", "parentbased_always_off")]).await;
    let mut placed = vec![shop.place(&Request::fraudulent()).await];
    for _ in 0..5 {
        placed.push(shop.place(&Request::good()).await);
    }
    shop.settled(&placed).await;
    let mut traces = BTreeSet::new();
    for order in &placed {
        let (entry, _) = shop.record::<OrderPlaced>(&order.order_id.to_string()).await;
        traces.insert((order.becomes == State::Rejected, entry.envelope.trace.trace_id()));
    }
    // From where it was flagged on.
    let (_, flagged) = traces.iter().find(|(is_flagged, _)| *is_flagged).unwrap();
    eventually("order-status to tell of the flagged order", async || {
        let of_it = collector.spans().into_iter().filter(|span| span.trace == *flagged).collect::<Vec<_>>();
        if of_it.iter().any(|span| span.service == "order-status") {
            Ok(())
        } else {
            Err(format!("{of_it:#?}"))
        }
    })
    .await;
    shop.close(&placed).await;
    let spans = collector.spans();
    for (is_flagged, trace) in traces {
        let of_it: Vec<&Span> = spans.iter().filter(|span| span.trace == trace).collect();
        assert_eq!(!of_it.is_empty(), is_flagged, "{of_it:#?}");
    }
}

#[tokio::test]
async fn a_collector_that_is_down_stops_nothing() {
    let nowhere = Collector::start().await;
    let shop = traced(&nowhere, &[("OTEL_BSP_MAX_QUEUE_SIZE", "16")]).await;
    drop(nowhere);
    let placed = shop.load(20).all().await;
    shop.settled(&placed).await;
    eventually("dropped spans to be counted", async || {
        let metrics = shop.metrics("fraud-scoring-0").await;
        let told = metrics.lines().find(|line| line.starts_with("orderflow_spans_dropped_total{"));
        if told.is_some() { Ok(()) } else { Err("none are") }
    })
    .await;
    // It also shows that every service ends in time.
    shop.close(&placed).await;
}

/// A shop whose services send their spans to the collector.
async fn traced(collector: &Collector, more: &[(&str, &str)]) -> Shop {
    let mut options = options();
    options.variables.push(collector.variable());
    options.variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Shop::open(options).await
}
