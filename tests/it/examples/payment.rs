//! Payment: a reserved order is charged, or voided; a paid one that will not be shipped is refunded.

use std::sync::Arc;

use clap::Parser;
use jiff::SignedDuration;
use orderflow::events::{InventoryReserved, Order, Record};
use payment::{
    Calls, OnInventoryReserved, OnOrderCancelRequested, OnShippingCancelled, OnShippingFailed, Refunds,
    config::Settings, http_gateway::HttpGateway, states::States,
};

use super::{
    bench::{Bench, Simulator, before},
    record::{cancel, received},
    run,
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

fn states(bench: &Bench) -> States {
    States::new(bench.state.clone())
}

fn calls(gateway: &Simulator) -> Arc<Calls<HttpGateway>> {
    let settings = Settings::parse_from(["payment", "--gateway-url", &gateway.url]);
    Calls::new(HttpGateway::new(&settings.gateway).unwrap(), settings.limits())
}

fn charge(bench: &Bench, gateway: &Simulator) -> OnInventoryReserved<HttpGateway> {
    OnInventoryReserved::new(states(bench), calls(gateway), bench.clock.clone())
}

fn refunds(bench: &Bench, gateway: &Simulator) -> Refunds<HttpGateway> {
    Refunds::new(states(bench), calls(gateway), bench.clock.clone())
}

/// Charges the order.
async fn paid(bench: &Bench, gateway: &Simulator, order: &Arc<Order>) {
    let reserved_at = bench.clock.now();
    let valid_until = reserved_at + SignedDuration::from_mins(15);
    let reserved = InventoryReserved { order: order.clone(), reserved_at, valid_until };
    before(&charge(bench, gateway), received(InventoryReserved::NAME, reserved)).await;
}
