//! Payment: a reserved order is charged, or voided, or waits for its customer; a paid one that will not be shipped is
//! refunded.

use std::sync::Arc;

use clap::Parser;
use jiff::SignedDuration;
use orderflow::{
    events::{InventoryReserved, Order, Record},
    runtime::Tick,
    topics::INVENTORY,
};
use payment::{
    AtPaymentDeadline, Calls, Charging, OnGatewayAnswered, OnInventoryReserved, OnOrderCancelRequested,
    OnShippingCancelled, OnShippingFailed, Refunds, config::Settings, http_gateway::HttpGateway,
    states::States,
};
use serde_json::json;

use super::{
    bench::{Bench, Simulator, before},
    record::{cancel, examples, order, received},
    run,
    shown::Shown,
    twice,
};

/// Has a gateway charge any amount.
const GOOD_CARD: &str = "tok_visa";

#[tokio::test]
async fn a_reserved_order_is_charged_at_the_gateway() {
    let gateway = Simulator::gateway().await;
    run::<OnInventoryReserved<HttpGateway>>("", async |_, bench| charge(bench, &gateway)).await;
}

#[tokio::test]
async fn a_reserved_order_that_was_cancelled_is_voided_at_the_gateway() {
    let gateway = Simulator::gateway().await;
    run::<OnInventoryReserved<HttpGateway>>("cancelled", async |event, bench| {
        let cancel = cancel(event.order.order_id);
        before(&OnOrderCancelRequested(states(bench)), received("cancel", cancel)).await;
        charge(bench, &gateway)
    })
    .await;
}

#[tokio::test]
async fn a_declined_card_fails_the_payment() {
    let gateway = Simulator::gateway().await;
    run::<OnInventoryReserved<HttpGateway>>("declined", async |event, bench| {
        Arc::make_mut(&mut event.order).payment_token = "tok_chargeDeclined".to_owned();
        charge(bench, &gateway)
    })
    .await;
}

#[tokio::test]
async fn a_cancel_is_noted_in_silence() {
    run::<OnOrderCancelRequested>("", async |_, bench| OnOrderCancelRequested(states(bench))).await;
}

#[tokio::test]
async fn an_undeliverable_order_is_refunded_if_it_was_charged() {
    let gateway = Simulator::gateway().await;
    run::<OnShippingFailed<HttpGateway>>("", async |_, bench| OnShippingFailed(refunds(bench, &gateway)))
        .await;
    run::<OnShippingFailed<HttpGateway>>("charged", async |event, bench| {
        // The example's card is declined: that order would never have come to shipping.
        Arc::make_mut(&mut event.order).payment_token = GOOD_CARD.to_owned();
        paid(bench, &gateway, &event.order).await;
        OnShippingFailed(refunds(bench, &gateway))
    })
    .await;
}

#[tokio::test]
async fn an_order_cancelled_at_shipping_is_refunded_if_it_was_charged() {
    let gateway = Simulator::gateway().await;
    run::<OnShippingCancelled<HttpGateway>>("", async |_, bench| {
        OnShippingCancelled(refunds(bench, &gateway))
    })
    .await;
    run::<OnShippingCancelled<HttpGateway>>("charged", async |event, bench| {
        paid(bench, &gateway, &event.order).await;
        OnShippingCancelled(refunds(bench, &gateway))
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_waits_is_told_of() {
    let gateway = asking_gateway().await;
    run::<OnInventoryReserved<HttpGateway>>("asked", async |_, bench| charge(bench, &gateway)).await;
}

#[tokio::test]
async fn a_callback_ends_a_payment_that_waits_and_no_other() {
    let gateway = asking_gateway().await;
    let step = |bench: &Bench| OnGatewayAnswered {
        states: states(bench),
        calls: calls(&gateway),
        clock: bench.clock.clone(),
    };
    run::<OnGatewayAnswered<HttpGateway>>("", async |_, bench| step(bench)).await;
    run::<OnGatewayAnswered<HttpGateway>>("confirmed", async |event, bench| {
        paid(bench, &gateway, &order(event.order_id)).await;
        let now = bench.clock.now();
        let known = states(bench).begin(&[(event.order_id, now)], now).await.unwrap().remove(0);
        // All examples are of one order, and its customer is asked once.
        if let Some(wait) = known.wait {
            let confirm = format!("{}/customer/{}/confirm", gateway.url, wait.intent_id);
            reqwest::Client::new().post(confirm).send().await.unwrap().error_for_status().unwrap();
        }
        step(bench)
    })
    .await;
}

#[tokio::test]
async fn a_payment_nobody_confirms_is_cancelled_at_its_deadline() {
    let gateway = asking_gateway().await;
    for (name, reserved) in examples::<InventoryReserved>() {
        let began = reserved.occurred_at() + SignedDuration::from_secs(1);
        let bench = Bench::new("payment", began).await;
        paid(&bench, &gateway, &reserved.order).await;
        let deadline =
            AtPaymentDeadline { states: states(&bench), calls: calls(&gateway), clock: bench.clock.clone() };
        for (given, minutes) in [("too_early", 14), ("end", 16)] {
            let now = began + SignedDuration::from_mins(minutes);
            let says = twice::<AtPaymentDeadline<HttpGateway>>(&deadline, &[(INVENTORY, 0)], now).await;
            Shown {
                step: AtPaymentDeadline::<HttpGateway>::NAME,
                example: &name,
                given,
                began,
                input: &reserved,
            }
            .snapshot(says);
        }
    }
}

/// A gateway that asks every customer first.
async fn asking_gateway() -> Simulator {
    let gateway = Simulator::gateway().await;
    let faults = reqwest::Client::new().patch(format!("{}/faults", gateway.url));
    faults.json(&json!({ "ask_rate": 1.0 })).send().await.unwrap().error_for_status().unwrap();
    gateway
}

fn states(bench: &Bench) -> States {
    States::new(bench.state.clone())
}

fn calls(gateway: &Simulator) -> Arc<Calls<HttpGateway>> {
    let settings = Settings::parse_from(["payment", "--gateway-url", &gateway.url]);
    Calls::new(HttpGateway::new(&settings.gateway).unwrap(), settings.limits())
}

fn charge(bench: &Bench, gateway: &Simulator) -> OnInventoryReserved<HttpGateway> {
    let confirm_within = SignedDuration::from_mins(15);
    let charging = Charging { calls: calls(gateway), clock: bench.clock.clone(), confirm_within };
    OnInventoryReserved::new(states(bench), charging)
}

fn refunds(bench: &Bench, gateway: &Simulator) -> Refunds<HttpGateway> {
    Refunds::new(states(bench), calls(gateway), bench.clock.clone())
}

/// Charges the order, as far as the gateway goes.
async fn paid(bench: &Bench, gateway: &Simulator, order: &Arc<Order>) {
    let reserved_at = bench.clock.now();
    let valid_until = reserved_at + SignedDuration::from_mins(15);
    let reserved = InventoryReserved { order: order.clone(), reserved_at, valid_until };
    before(&charge(bench, gateway), received(InventoryReserved::NAME, reserved)).await;
}
