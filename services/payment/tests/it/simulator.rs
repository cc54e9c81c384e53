//! The whole hop against the gateway simulator: what its ledger says is what happened.

use std::time::Duration;

use jiff::SignedDuration;
use orderflow::fault::{Consequence, Fault};
use payment::{
    PaymentEvent,
    domain::reason,
    gateway::{Answer, Gateway as _},
};
use serde_json::json;
use simulators::gateway::Kind;

use crate::{
    bench::{PAID, Simulator, UNPAID, settle},
    support::{charge, order, reserved},
};
use orderflow_testkit::RedisServer;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const PATIENT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn answers_that_are_lost_after_the_charge_never_charge_twice() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({ "timeout_after_charge_rate": 1.0 })).await;
    let step = simulator.charging(&redis.fresh().await, Duration::from_secs(1));
    let batch: Vec<_> = (0..20).map(|_| reserved(order("tok_visa"), HOUR)).collect();
    let (repeats, events) = settle(&step, &batch).await;
    assert!(repeats > 0, "every first answer is withheld");
    assert!(events.iter().all(|event| matches!(event, PaymentEvent::PaymentProcessed(_))));
    assert_eq!(simulator.moved(batch.iter().map(|record| &record.event.order)), vec![PAID; batch.len()]);
}

#[tokio::test]
async fn state_lost_in_mid_charge_never_charges_twice() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({ "timeout_after_charge_rate": 1.0 })).await;
    let batch: Vec<_> = (0..20).map(|_| reserved(order("tok_visa"), HOUR)).collect();
    for _ in ["a first life", "a life that remembers nothing"] {
        let step = simulator.charging(&redis.fresh().await, Duration::from_secs(1));
        settle(&step, &batch).await;
    }
    assert_eq!(simulator.moved(batch.iter().map(|record| &record.event.order)), vec![PAID; batch.len()]);
}

#[tokio::test]
async fn state_lost_in_mid_charge_needs_no_search() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator =
        Simulator::start(json!({ "timeout_after_charge_rate": 1.0, "search_lag_ms": 600_000 })).await;
    let batch: Vec<_> = (0..10).map(|_| reserved(order("tok_visa"), HOUR)).collect();
    for _ in ["a first life", "a life that remembers nothing"] {
        let step = simulator.charging(&redis.fresh().await, Duration::from_secs(1));
        settle(&step, &batch).await;
    }
    assert_eq!(simulator.moved(batch.iter().map(|record| &record.event.order)), vec![PAID; batch.len()]);
}

#[tokio::test]
async fn a_declined_card_leaves_nothing_that_another_card_could_pay() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let record = reserved(order("tok_chargeDeclined"), HOUR);
    settle(&simulator.charging(&redis.fresh().await, PATIENT), std::slice::from_ref(&record)).await;
    assert_eq!(simulator.kinds(&record.event.order), [Kind::Intent, Kind::Decline, Kind::Void]);
}

#[tokio::test]
async fn a_gateway_full_of_faults_settles_each_order_as_its_ledger_says() {
    let Some(redis) = RedisServer::start() else { return };
    let faults = json!({
        "decline_rate": 0.3, "timeout_after_charge_rate": 0.2, "error_rate": 0.2, "throttle_rate": 0.1,
    });
    let simulator = Simulator::start(faults).await;
    let step = simulator.charging(&redis.fresh().await, Duration::from_secs(1));
    let batch: Vec<_> =
        (0..40).map(|i| reserved(order("tok_visa"), if i % 4 == 0 { -HOUR } else { HOUR })).collect();
    let (_, events) = settle(&step, &batch).await;
    let told = events.iter().map(|event| match event {
        PaymentEvent::PaymentProcessed(_) => PAID,
        PaymentEvent::PaymentFailed(_) => UNPAID,
        PaymentEvent::PaymentActionRequired(_) => panic!("no card here asks its customer"),
    });
    assert_eq!(told.collect::<Vec<_>>(), simulator.moved(batch.iter().map(|record| &record.event.order)));
}

#[tokio::test]
async fn test_cards_fail_for_their_reasons() {
    let Some(redis) = RedisServer::start() else { return };
    let simulator = Simulator::start(json!({})).await;
    let step = simulator.charging(&redis.fresh().await, Duration::from_secs(10));
    let cards = [
        ("tok_chargeDeclined", reason::DECLINED),
        ("tok_chargeDeclinedInsufficientFunds", reason::INSUFFICIENT_FUNDS),
        ("tok_chargeDeclinedExpiredCard", reason::EXPIRED_CARD),
        ("tok_chargeDeclinedStolenCard", reason::DECLINED),
        ("4242 4242", reason::REFUSED_BY_GATEWAY),
    ];
    let batch = cards.map(|(token, _)| reserved(order(token), HOUR));
    let (_, events) = settle(&step, &batch).await;
    for (event, (token, reason)) in events.iter().zip(cards) {
        let PaymentEvent::PaymentFailed(failed) = event else { panic!("{token} paid") };
        assert_eq!(failed.reason, reason, "{token}");
    }
}

#[tokio::test]
async fn a_void_and_a_charge_at_the_same_time_agree() {
    let simulator = Simulator::start(json!({ "latency_ms": { "min": 0, "max": 20 } })).await;
    let batch: Vec<_> = (0..60).map(|_| reserved(order("tok_visa"), HOUR)).collect();
    let races = batch.iter().map(async |record| {
        let order = record.event.order.clone();
        let (one, other) =
            (simulator.client(Duration::from_secs(10)), simulator.client(Duration::from_secs(10)));
        // Both look first, each for a random time, so that either may be the first to act.
        let charge = until_known(async || match one.find(&order).await? {
            Some(answer) => Ok(answer),
            None => charge(&one, &order).await,
        });
        let void = until_known(async || other.void(&order, None).await);
        let (charged, voided) = tokio::join!(charge, void);
        assert_eq!(charged, voided);
        if matches!(charged, Answer::Charged { .. }) { PAID } else { UNPAID }
    });
    let told = futures::future::join_all(races).await;
    for side in [PAID, UNPAID] {
        assert!(told.contains(&side), "a race that one side always wins shows nothing");
    }
    assert_eq!(told, simulator.moved(batch.iter().map(|record| &record.event.order)));
}

async fn until_known(ask: impl AsyncFn() -> Result<Answer, Fault>) -> Answer {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(fault) => assert_eq!(fault.consequence(), Consequence::Transient, "{fault}"),
        }
    }
}

#[tokio::test]
async fn a_voided_order_cannot_be_charged_and_a_charged_one_cannot_be_voided() {
    let simulator = Simulator::start(json!({})).await;
    let gateway = simulator.client(Duration::from_secs(10));
    let (voided, charged) = (order("tok_visa"), order("tok_visa"));
    assert_eq!(gateway.void(&voided, None).await.unwrap(), Answer::Voided);
    assert_eq!(gateway.void(&voided, None).await.unwrap(), Answer::Voided);
    assert_eq!(charge(&gateway, &voided).await.unwrap(), Answer::Voided);
    let answer = charge(&gateway, &charged).await.unwrap();
    assert_eq!(gateway.void(&charged, None).await.unwrap(), answer);
    assert_eq!(gateway.find(&charged).await.unwrap(), Some(answer));
    assert_eq!(gateway.find(&order("tok_visa")).await.unwrap(), None);
}
