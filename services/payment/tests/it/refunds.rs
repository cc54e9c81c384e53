//! Cancels and refunds against the gateway simulator: what its ledger says is what happened.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use orderflow::{
    events::{Order, PaymentRefunded},
    fault::Consequence,
    state::State,
    step::{Received, Step},
};
use payment::{
    OnOrderCancelRequested, PaymentEvent,
    domain::{reason, refund},
    gateway::{Answer, Gateway as _},
    states::States,
};
use serde_json::json;

use crate::{
    bench::{PAID, REFUNDED, Simulator, UNPAID, settle},
    support::{cancel, charge, order, reserved, shipping_cancelled, shipping_failed},
};
use orderflow_testkit::RedisServer;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const PATIENT: Duration = Duration::from_secs(10);
const HASTY: Duration = Duration::from_secs(1);

/// Charges this many orders.
async fn paid(simulator: &Simulator, state: &State, count: usize) -> Vec<Arc<Order>> {
    let batch: Vec<_> = (0..count).map(|_| reserved(order("tok_visa"), HOUR)).collect();
    settle(&simulator.charging(state, PATIENT), &batch).await;
    let orders: Vec<_> = batch.into_iter().map(|record| record.event.order).collect();
    assert_eq!(simulator.moved(&orders), vec![PAID; count]);
    orders
}

async fn note(state: &State, order: &Order) {
    OnOrderCancelRequested(States::new(state.clone())).handle(&[cancel(order)]).await.unwrap();
}

#[tokio::test]
async fn an_order_is_refunded_once_and_whole_however_many_answers_are_lost() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let state = redis.fresh().await;
    let orders = paid(&simulator, &state, 20).await;
    simulator.set_faults(
        json!({ "timeout_after_charge_rate": 1.0, "error_rate": 0.2, "throttle_rate": 0.1, "hold_ms": 5_000 }),
    );
    let (failed, _) = simulator.refunding(&state, HASTY);
    let batch: Vec<_> = orders.iter().map(shipping_failed).collect();
    let (repeats, events) = settle(&failed, &batch).await;
    assert!(repeats > 0, "every first answer is withheld");
    assert_eq!(simulator.moved(&orders), vec![REFUNDED; 20]);
    for (event, order) in events.iter().zip(&orders) {
        assert_eq!(&event.order, order);
        assert_eq!((event.amount, event.currency.as_str()), (2_500, "EUR"));
        assert_eq!(event.reason, refund::reason::SHIPPING_FAILED);
    }
    // The same again, also while nobody answers: it is stored.
    simulator.set_faults(json!({ "error_rate": 1.0 }));
    assert_eq!(settle(&failed, &batch).await, (0, events));
}

#[tokio::test]
async fn a_refund_whose_key_and_state_are_forgotten_is_found_and_not_made_again() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let state = redis.fresh().await;
    let orders = paid(&simulator, &state, 3).await;
    let batch: Vec<_> = orders.iter().map(shipping_cancelled).collect();
    let (_, before) = settle(&simulator.refunding(&state, PATIENT).1, &batch).await;
    simulator.clock.set_offset(HOUR * 48);
    let (_, after) = settle(&simulator.refunding(&redis.fresh().await, PATIENT).1, &batch).await;
    let ids = |events: &[PaymentRefunded]| -> Vec<_> {
        events.iter().map(|event| (event.intent_id.clone(), event.refund_id.clone())).collect()
    };
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(simulator.moved(&orders), vec![REFUNDED; 3]);
}

#[tokio::test]
async fn a_second_cause_neither_refunds_again_nor_says_anything() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let state = redis.fresh().await;
    let orders = paid(&simulator, &state, 1).await;
    let (failed, cancelled) = simulator.refunding(&state, PATIENT);
    let (_, first) = settle(&cancelled, &[shipping_cancelled(&orders[0])]).await;
    let (_, second) = settle(&failed, &[shipping_failed(&orders[0])]).await;
    // A record that comes again under another id is a repeat.
    let (_, again) = settle(&cancelled, &[shipping_cancelled(&orders[0])]).await;
    assert_eq!((first[0].reason.as_str(), second), (refund::reason::CANCELLED, Vec::new()));
    assert_eq!(first, again);
    assert_eq!(simulator.moved(&orders), [REFUNDED]);
}

#[tokio::test]
async fn an_order_that_was_never_charged_is_not_refunded() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let state = redis.fresh().await;
    let declined = reserved(order("tok_chargeDeclined"), HOUR);
    settle(&simulator.charging(&state, PATIENT), std::slice::from_ref(&declined)).await;
    let (failed, _) = simulator.refunding(&state, PATIENT);
    let orders = [declined.event.order, Arc::new(order("tok_visa"))];
    let batch: Vec<Received<_>> = orders.iter().map(shipping_failed).collect();
    for verdict in failed.handle(&batch).await.unwrap() {
        let fault = verdict.unwrap_err();
        assert_eq!((fault.consequence(), fault.code()), (Consequence::Poison, "refund_without_charge"));
    }
    // Nor does a payment that the gateway has never heard of hold up what comes behind it.
    let fault = simulator.client(PATIENT).refund(&orders[1], "pi_unknown").await.unwrap_err();
    assert_eq!(fault.code(), "refund_without_charge");
}

#[tokio::test]
async fn an_order_cancelled_before_it_is_reserved_is_never_charged() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({ "error_rate": 0.3, "throttle_rate": 0.1 })).await;
    let state = redis.fresh().await;
    let batch: Vec<_> = (0..10).map(|_| reserved(order("tok_visa"), HOUR)).collect();
    for record in &batch {
        note(&state, &record.event.order).await;
    }
    let (_, events) = settle(&simulator.charging(&state, HASTY), &batch).await;
    for event in &events {
        let PaymentEvent::PaymentFailed(failed) = event else { panic!("{event:?}") };
        assert_eq!((failed.reason.as_str(), &failed.gateway_code), (reason::CANCELLED, &None));
    }
    simulator.set_faults(json!({}));
    // Nor by a charge that was on its way all the time.
    let gateway = simulator.client(PATIENT);
    for record in &batch {
        assert_eq!(charge(&gateway, &record.event.order).await.unwrap(), Answer::Voided);
    }
    assert_eq!(simulator.moved(batch.iter().map(|record| &record.event.order)), vec![UNPAID; 10]);
}

#[tokio::test]
async fn a_cancelled_order_that_was_captured_before_is_paid_and_then_refunded() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let record = reserved(order("tok_visa"), HOUR);
    let order = record.event.order.clone();
    // A life of the service that charged and told nobody; then one that remembers the cancel alone.
    charge(&simulator.client(PATIENT), &order).await.unwrap();
    let state = redis.fresh().await;
    note(&state, &order).await;
    let (_, events) = settle(&simulator.charging(&state, PATIENT), &[record]).await;
    let PaymentEvent::PaymentProcessed(paid) = &events[0] else { panic!("{events:?}") };

    let (_, cancelled) = simulator.refunding(&state, PATIENT);
    let (_, refunded) = settle(&cancelled, &[shipping_cancelled(&order)]).await;
    assert_eq!((&refunded[0].intent_id, refunded[0].reason.as_str()), (&paid.intent_id, reason::CANCELLED));
    assert_eq!(simulator.moved([&order]), [REFUNDED]);
}
