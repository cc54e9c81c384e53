//! A cancel and a payment: whoever comes first decides, and the other is told.

use orderflow::{events::Order, step::Step};
use shipping::{
    ShippingEvent, fold,
    standing::{Rejection, Said, too_late},
};
use uuid::Uuid;

use crate::setup::{Bench, told};

/// What a payment's event led to: the reason of a rejected cancel, if there was one, and how the order ended.
async fn paid(bench: &Bench, order: &std::sync::Arc<Order>) -> Vec<&'static str> {
    names(told(bench.buy().handle(&[bench.paid(order.clone())]).await).remove(0).unwrap())
}

fn names(events: Vec<ShippingEvent>) -> Vec<&'static str> {
    let name = |event| match event {
        ShippingEvent::ShippingLabelGenerated(_) => "labelled",
        ShippingEvent::ShippingFailed(_) => "failed",
        ShippingEvent::ShippingCancelled(_) => "cancelled",
        ShippingEvent::OrderCancelRejected(event) if event.reason == too_late::LABEL_BOUGHT => "too late",
        ShippingEvent::OrderCancelRejected(event) => panic!("{}", event.reason),
    };
    events.into_iter().map(name).collect()
}

/// Why a cancel is rejected; nothing when it is not.
async fn cancel(bench: &Bench, order: &Order) -> Option<String> {
    let mut told = told(bench.cancel().handle(&[bench.cancelled(order)]).await);
    told.remove(0).unwrap().pop().map(|rejected| rejected.reason)
}

#[tokio::test]
async fn a_cancel_before_the_payment_is_kept_in_silence_and_no_label_can_ever_be_bought() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    assert_eq!(cancel(&bench, &order).await, None);
    let batch = [bench.paid(order.clone())];
    let first = told(bench.buy().handle(&batch).await);
    assert_eq!(names(first[0].clone().unwrap()), ["cancelled"]);
    assert_eq!((bench.ledger().0.len(), bench.voided()), (0, vec![order.order_id.to_string()]));
    bench.clock.set_offset(jiff::SignedDuration::from_hours(30));
    bench.faults(r#"{"error_rate": 1.0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), first, "also much later, with the carrier down");
    assert_eq!(cancel(&bench, &order).await, None, "it is cancelled already");
}

#[tokio::test]
async fn a_cancel_after_the_label_is_rejected_and_a_repeat_says_the_same() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    assert_eq!(paid(&bench, &order).await, ["labelled"]);
    let batch = [bench.cancelled(&order)];
    let first = told(bench.cancel().handle(&batch).await);
    assert_eq!(first[0].as_ref().unwrap()[0].reason, "label_bought");
    bench.clock.set_offset(jiff::SignedDuration::from_hours(30));
    assert_eq!(told(bench.cancel().handle(&batch).await), first, "with its time");
    assert!(bench.voided().is_empty());
}

#[tokio::test]
async fn a_cancel_while_the_carrier_has_not_answered_never_wins() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    let batch = [bench.paid(order.clone())];
    bench.faults(r#"{"error_rate": 1.0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), [Err("carrier_unavailable")]);
    assert_eq!(cancel(&bench, &order).await.as_deref(), Some("label_bought"));
    bench.faults("{}").await;
    assert_eq!(names(told(bench.buy().handle(&batch).await).remove(0).unwrap()), ["labelled"]);
}

#[tokio::test]
async fn a_cancel_after_the_carrier_refused_is_rejected_as_undeliverable() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "UNDELIVERABLE 1");
    assert_eq!(paid(&bench, &order).await, ["failed"]);
    assert_eq!(cancel(&bench, &order).await.as_deref(), Some("undeliverable"));
}

#[tokio::test]
async fn a_void_without_an_answer_is_asked_for_again() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    cancel(&bench, &order).await;
    let batch = [bench.paid(order.clone())];
    bench.faults(r#"{"timeout_after_label_rate": 1.0, "hold_ms": 0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), [Err("carrier_timeout")]);
    bench.faults("{}").await;
    assert_eq!(names(told(bench.buy().handle(&batch).await).remove(0).unwrap()), ["cancelled"]);
    assert_eq!(bench.voided().len(), 1);
}

#[tokio::test]
async fn a_cancel_of_an_erased_customers_order_needs_no_address() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    cancel(&bench, &order).await;
    bench.keys.erase_all();
    assert_eq!(paid(&bench, &order).await, ["cancelled"]);
}

#[tokio::test]
async fn when_the_carrier_says_that_a_label_was_bought_the_label_counts_and_the_cancel_is_rejected() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    let batch = [bench.paid(order.clone())];
    // Bought without an answer, and then forgotten: the cancel is all that the log tells.
    bench.faults(r#"{"timeout_after_label_rate": 1.0, "hold_ms": 0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), [Err("carrier_timeout")]);
    bench.faults("{}").await;
    bench.lose(&[(order.order_id, Said::CancelRequested)]).await;
    let first = told(bench.buy().handle(&batch).await);
    assert_eq!(names(first[0].clone().unwrap()), ["too late", "labelled"]);
    assert_eq!(told(bench.buy().handle(&batch).await), first);
    assert_eq!(cancel(&bench, &order).await, None, "the payment has told it");
    assert_eq!((bench.ledger().0.len(), bench.voided().len()), (1, 0));

    let said = first.iter().flatten().flatten().cloned().map(|event| match event {
        ShippingEvent::ShippingLabelGenerated(event) => fold::labelled(event),
        ShippingEvent::OrderCancelRejected(event) => fold::rejected(event, batch[0].envelope.id),
        other => panic!("{other:?}"),
    });
    let mut said: Vec<_> = said.collect();
    bench.lose(&said).await;
    assert_eq!(told(bench.buy().handle(&batch).await), first, "also from the log");
    said.truncate(1); // a crash had let only the first event through
    said.push((order.order_id, Said::CancelRequested));
    bench.lose(&said).await;
    let again = told(bench.buy().handle(&batch).await).remove(0).unwrap();
    assert_eq!(names(again.clone()), ["too late", "labelled"]);
    assert_eq!(again[0], first[0].as_ref().unwrap()[0]);
}

#[tokio::test]
async fn whoever_was_told_that_it_is_too_late_keeps_the_label_also_when_redis_forgets() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    let rejection =
        Rejection { event: Uuid::new_v4(), at: bench.clock.now(), reason: "label_bought".to_owned() };
    // The label's own event never reached the log.
    let said = [(order.order_id, Said::CancelRequested), (order.order_id, Said::Rejected(rejection))];
    bench.lose(&said).await;
    assert_eq!(paid(&bench, &order).await, ["labelled"]);
}

#[tokio::test]
async fn an_order_that_somebody_voided_at_the_carrier_ends_cancelled() {
    let Some(bench) = Bench::start().await else { return };
    let order = bench.order("c1", "1 Way");
    let path = format!("v1/labels/by-order/{}/void", order.order_id);
    let url = bench.settings.carrier.url.join(&path).unwrap();
    assert!(reqwest::Client::new().post(url).send().await.unwrap().status().is_success());
    assert_eq!(paid(&bench, &order).await, ["cancelled"]);
}

#[tokio::test]
async fn cancelled_and_paid_orders_of_one_batch_each_get_their_own() {
    let Some(bench) = Bench::start().await else { return };
    let orders: Vec<_> = (0..6).map(|n| bench.order(&format!("c{n}"), "1 Way")).collect();
    for order in orders.iter().step_by(2) {
        cancel(&bench, order).await;
    }
    let batch: Vec<_> = orders.iter().map(|order| bench.paid(order.clone())).collect();
    let told = told(bench.buy().handle(&batch).await);
    let ends: Vec<_> = told.into_iter().map(|verdict| names(verdict.unwrap())).collect();
    assert_eq!(ends, [["cancelled"], ["labelled"]].repeat(3));
    let mut labels = bench.ledger().0;
    labels.sort_unstable();
    let mut wanted: Vec<_> = orders.iter().skip(1).step_by(2).map(|o| o.order_id.to_string()).collect();
    wanted.sort_unstable();
    assert_eq!(labels, wanted);
}
