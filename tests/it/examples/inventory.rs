//! Inventory: stock is reserved, released, shipped and adjusted.

use inventory::{
    OnOrderValidated, OnPaymentFailed, OnPaymentRefunded, OnShippingLabelGenerated,
    OnStockAdjustmentRequested, Stock,
};
use jiff::{SignedDuration, Timestamp};
use orderflow::events::{Order, OrderValidatedForFraud, StockAdjustmentRequested};

use super::{
    bench::{Bench, before},
    record::{example, order, received},
    run,
};

/// How long a reservation is valid.
const VALID: SignedDuration = SignedDuration::from_mins(15);

#[tokio::test]
async fn a_validated_order_is_out_of_stock_and_with_stock_reserved() {
    run::<OnOrderValidated>("", async |_, bench| validated(bench)).await;
    run::<OnOrderValidated>("in_stock", async |event, bench| {
        receive_all(bench, &event.order).await;
        validated(bench)
    })
    .await;
}

#[tokio::test]
async fn a_failed_payment_releases_what_was_reserved_and_nothing_else() {
    let step = |bench: &Bench| OnPaymentFailed::new(stock(bench), bench.clock.clone());
    run::<OnPaymentFailed>("", async |_, bench| step(bench)).await;
    run::<OnPaymentFailed>("reserved", async |event, bench| {
        reserve(bench, &event.order).await;
        step(bench)
    })
    .await;
}

#[tokio::test]
async fn a_refund_releases_what_was_reserved_and_nothing_else() {
    let step = |bench: &Bench| OnPaymentRefunded::new(stock(bench), bench.clock.clone());
    run::<OnPaymentRefunded>("", async |_, bench| step(bench)).await;
    run::<OnPaymentRefunded>("reserved", async |event, bench| {
        reserve(bench, &event.order).await;
        step(bench)
    })
    .await;
}

#[tokio::test]
async fn a_label_ships_what_was_reserved_and_nothing_else() {
    let step = |bench: &Bench| OnShippingLabelGenerated::new(stock(bench), bench.clock.clone());
    run::<OnShippingLabelGenerated>("", async |_, bench| step(bench)).await;
    run::<OnShippingLabelGenerated>("reserved", async |event, bench| {
        reserve(bench, &event.order).await;
        step(bench)
    })
    .await;
}

#[tokio::test]
async fn stock_adjustments_are_answered() {
    run::<OnStockAdjustmentRequested>("", async |_, bench| adjusted(bench)).await;
    run::<OnStockAdjustmentRequested>("in_stock", async |event, bench| {
        receive(bench, &event.sku).await;
        adjusted(bench)
    })
    .await;
}

fn stock(bench: &Bench) -> Stock {
    Stock::new(bench.state.clone())
}

fn validated(bench: &Bench) -> OnOrderValidated {
    OnOrderValidated::new(stock(bench), bench.clock.clone(), VALID)
}

fn adjusted(bench: &Bench) -> OnStockAdjustmentRequested {
    OnStockAdjustmentRequested::new(stock(bench), bench.clock.clone())
}

/// Puts 500 units on the shelf.
async fn receive(bench: &Bench, sku: &str) {
    let request = StockAdjustmentRequested {
        sku: sku.to_owned(),
        delta: 500,
        kind: "receipt".to_owned(),
        reason: "before the example".to_owned(),
        requested_by: "test".to_owned(),
        requested_at: Timestamp::UNIX_EPOCH,
    };
    before(&adjusted(bench), received(&format!("receipt of {sku}"), request)).await;
}

async fn receive_all(bench: &Bench, order: &Order) {
    for line in &order.lines {
        receive(bench, &line.sku).await;
    }
}

/// Puts the order's lines on the shelf, and sets them aside for it.
async fn reserve(bench: &Bench, wanted: &Order) {
    receive_all(bench, wanted).await;
    let event = OrderValidatedForFraud { order: order(wanted.order_id), ..example() };
    before(&validated(bench), received("validated", event)).await;
}
