//! Buying labels: once per order, whatever happens.

use jiff::SignedDuration;
use orderflow::{fault::Consequence, step::Step};
use shipping::{ShippingEvent, fold};

use crate::setup::{Bench, told};

fn reason(event: &ShippingEvent) -> &str {
    match event {
        ShippingEvent::ShippingLabelGenerated(_) => "labelled",
        ShippingEvent::ShippingFailed(failed) => &failed.reason,
        ShippingEvent::ShippingCancelled(_) => "cancelled",
        ShippingEvent::OrderCancelRejected(rejected) => &rejected.reason,
    }
}

#[tokio::test]
async fn a_paid_order_gets_one_label_and_a_repeat_tells_the_same() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.paid(bench.order("c1", "1 Way")), bench.paid(bench.order("c2", "2 Way"))];
    let first = told(bench.buy().handle(&batch).await);
    for verdict in &first {
        assert_eq!(reason(&verdict.as_ref().unwrap()[0]), "labelled");
    }
    bench.clock.set_offset(SignedDuration::from_hours(1));
    assert_eq!(told(bench.buy().handle(&batch).await), first);
    assert_eq!(bench.ledger().0.len(), 2);
}

#[tokio::test]
async fn an_undeliverable_address_is_an_event_not_an_error() {
    let Some(bench) = Bench::start().await else { return };
    let batch =
        [bench.paid(bench.order("c1", "UNDELIVERABLE Street")), bench.paid(bench.order("c2", "2 Way"))];
    let first = told(bench.buy().handle(&batch).await);
    let Ok([ShippingEvent::ShippingFailed(failed)]) = first[0].as_deref() else { panic!("{first:?}") };
    assert_eq!(failed.reason, "undeliverable_address");
    assert_eq!(failed.carrier_code.as_deref(), Some("undeliverable_address"));
    assert_eq!(reason(&first[1].as_ref().unwrap()[0]), "labelled");
    assert_eq!(told(bench.buy().handle(&batch).await), first);
}

#[tokio::test]
async fn an_answer_that_never_came_is_asked_for_again() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.paid(bench.order("c1", "1 Way"))];
    bench.faults(r#"{"timeout_after_label_rate": 1.0, "hold_ms": 0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), [Err("carrier_timeout")]);
    bench.faults("{}").await;
    let told = told(bench.buy().handle(&batch).await);
    assert_eq!(reason(&told[0].as_ref().unwrap()[0]), "labelled");
    assert_eq!(bench.ledger().0.len(), 1, "the label bought without an answer is the one");
}

#[tokio::test]
async fn an_erased_person_is_not_shipped_to() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.paid(bench.order("c1", "1 Way"))];
    bench.keys.erase_all();
    let first = told(bench.buy().handle(&batch).await);
    assert_eq!(reason(&first[0].as_ref().unwrap()[0]), "erased");
    assert_eq!(told(bench.buy().handle(&batch).await), first);
    assert!(bench.ledger().0.is_empty());
    let id = batch[0].event.order.order_id.to_string();
    assert_eq!(bench.voided(), [id], "a purchase that is still on its way comes too late");
}

#[tokio::test]
async fn a_label_bought_before_the_person_was_erased_still_counts() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.paid(bench.order("c1", "1 Way"))];
    bench.faults(r#"{"timeout_after_label_rate": 1.0, "hold_ms": 0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), [Err("carrier_timeout")]);
    bench.faults("{}").await;
    bench.keys.erase_all();
    let told = told(bench.buy().handle(&batch).await);
    assert_eq!(reason(&told[0].as_ref().unwrap()[0]), "labelled");
}

#[tokio::test]
async fn a_fault_stays_with_its_record() {
    let Some(bench) = Bench::start().await else { return };
    let orders =
        [bench.order("c1", "1 Way"), bench.order("unknown-yet", "2 Way"), bench.order("c3", "3 Way")];
    let batch = orders.map(|order| bench.paid(order));
    let told = told(bench.buy().handle(&batch).await);
    assert!(told[0].is_ok() && told[2].is_ok());
    assert_eq!(told[1], Err("keys_behind"));
    let Ok([ShippingEvent::ShippingLabelGenerated(third)]) = told[2].as_deref() else { panic!("{told:?}") };
    assert_eq!(third.order.order_id, batch[2].event.order.order_id, "outcomes stay with their orders");
}

#[tokio::test]
async fn two_instances_at_once_buy_one_label_and_tell_the_same() {
    let Some(bench) = Bench::start().await else { return };
    let batch: Vec<_> = (0..8).map(|n| bench.paid(bench.order(&format!("c{n}"), "1 Way"))).collect();
    let (one, other) = (bench.buy(), bench.buy());
    let (first, second) = tokio::join!(one.handle(&batch), other.handle(&batch));
    for (first, second) in told(first).into_iter().zip(told(second)) {
        match (first, second) {
            (Ok(first), Ok(second)) => assert_eq!(first, second),
            // The carrier works on the order for the other instance.
            (first, second) => assert!(first.or(second).is_ok()),
        }
    }
    assert_eq!(bench.ledger().0.len(), 8);
}

#[tokio::test]
async fn lost_state_is_noticed_and_comes_back_from_the_log() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.paid(bench.order("c1", "1 Way")), bench.paid(bench.order("c2", "UNDELIVERABLE"))];
    let first = told(bench.buy().handle(&batch).await);
    let () = redis::cmd("FLUSHALL").query_async(&mut bench.state.redis()).await.unwrap();
    assert_eq!(bench.buy().handle(&batch).await.unwrap_err().consequence(), Consequence::Lost);

    let events = first.iter().flatten().flatten().cloned();
    let said: Vec<_> = events
        .map(|event| match event {
            ShippingEvent::ShippingLabelGenerated(event) => fold::labelled(event),
            ShippingEvent::ShippingFailed(event) => fold::failed(event),
            other => panic!("{other:?}"),
        })
        .collect();
    bench.lose(&said).await;
    bench.faults(r#"{"error_rate": 1.0}"#).await;
    assert_eq!(told(bench.buy().handle(&batch).await), first, "without asking the carrier");
}

#[tokio::test]
async fn an_order_paid_long_ago_is_looked_up_before_a_label_is_bought() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.paid(bench.order("c1", "1 Way"))];
    let first = told(bench.buy().handle(&batch).await);
    // Lost, and nothing of it on the log: the carrier alone knows.
    let () = redis::cmd("FLUSHALL").query_async(&mut bench.state.redis()).await.unwrap();
    bench.state.initialise("cluster").await.unwrap();
    bench.faults(r#"{"forget_key_rate": 1.0}"#).await;
    bench.clock.set_offset(SignedDuration::from_hours(48));
    let second = told(bench.buy().handle(&batch).await);
    let number = |told: &[Result<Vec<ShippingEvent>, &str>]| match told[0].as_deref() {
        Ok([ShippingEvent::ShippingLabelGenerated(label)]) => label.tracking_number.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(number(&second), number(&first));
    assert_eq!(bench.ledger().0.len(), 1, "even a carrier that has forgotten the key sells one label");
}
