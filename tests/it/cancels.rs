//! A customer takes an order back, at any moment: whoever holds its fate then decides, and only once.

use orderflow::{
    events::{
        InventoryReserved, OrderCancelRejected, OrderHeldForReview, OrderReviewCancelled,
        OrderValidatedForFraud, PaymentFailed, PaymentProcessed, PaymentRefunded, ShippingCancelled,
    },
    order_state::State,
    topics::ORDERS,
};
use orderflow_tests::{Request, Shop, eventually, load::Placed, options, servers};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;
use simulators::gateway::{Kind, read_ledger};
use uuid::Uuid;

/// What may happen to a service between a cancel and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    Nothing,
    Killed,
    RedisLost,
}

#[tokio::test]
async fn an_unknown_order_and_a_finished_one_cannot_be_cancelled() {
    let shop = Shop::open(options()).await;
    assert_eq!(shop.cancel(Uuid::new_v4()).await.0, StatusCode::NOT_FOUND);
    let placed = [shop.place(&Request::good()).await, shop.place(&Request::declined()).await];
    shop.settled(&placed).await;
    for (order, state) in placed.iter().zip(["Fulfilled", "Declined"]) {
        shop.shown(order.order_id, state, None).await;
        let (status, problem) = shop.cancel(order.order_id).await;
        assert_eq!((status, &problem["state"]), (StatusCode::CONFLICT, &json!(state)), "{problem}");
    }
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_held_order_is_closed_by_fraud_scoring() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::suspicious().becoming(State::Cancelled)).await;
    let key = placed.order_id.to_string();
    shop.record::<OrderHeldForReview>(&key).await;
    cancel(&shop, placed).await;
    shop.record::<OrderReviewCancelled>(&key).await;
    shop.shown(placed.order_id, "Cancelled", None).await;
    assert_eq!(shop.decide(placed.order_id, "approve").await.0, StatusCode::CONFLICT);
    shop.close(&[placed]).await;
}

/// The cancel is there before the reservation: nothing is charged, and the gateway makes sure of it.
#[rstest]
#[case::undisturbed(Mishap::Nothing)]
#[case::with_payment_killed(Mishap::Killed)]
#[case::with_redis_lost(Mishap::RedisLost)]
#[tokio::test]
async fn an_order_that_is_cancelled_before_it_is_charged_is_never_charged(#[case] mishap: Mishap) {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    shop.terminate("inventory-0").await;
    let placed = shop.place(&Request::good().becoming(State::Cancelled)).await;
    let key = placed.order_id.to_string();
    shop.record::<OrderValidatedForFraud>(&key).await;
    cancel(&shop, placed).await;
    shop.caught_up("payment", ORDERS).await;
    befall(&shop, &servers, "payment-0", mishap).await;
    shop.start_again("inventory-0").await;
    let (_, failed) = shop.record::<PaymentFailed>(&key).await;
    assert_eq!(failed.reason, "cancelled");
    let ledger = read_ledger(&shop.environment().gateway_ledger()).unwrap();
    let of_order: Vec<Kind> =
        ledger.iter().filter(|line| line.entry.order_id == key).map(|line| line.entry.kind).collect();
    assert!(of_order.contains(&Kind::Void) && !of_order.contains(&Kind::Charge), "{of_order:?}");
    shop.close(&[placed]).await;
}

/// Payment is at `charging` when the cancel comes: the charge goes through, and shipping decides.
#[rstest]
#[case::undisturbed(Mishap::Nothing)]
#[case::with_payment_killed(Mishap::Killed)]
#[tokio::test]
async fn an_order_that_is_cancelled_while_it_is_charged_gets_its_money_back(#[case] mishap: Mishap) {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let gateway = shop.environment().gateway();
    shop.switch(gateway, json!({ "error_rate": 1.0 })).await;
    let placed = shop.place(&Request::good().becoming(State::Cancelled)).await;
    let key = placed.order_id.to_string();
    shop.tried("payment-0").await;
    cancel(&shop, placed).await;
    shop.caught_up("payment", ORDERS).await;
    shop.caught_up("shipping", ORDERS).await;
    befall(&shop, &servers, "payment-0", mishap).await;
    shop.switch(gateway, json!({ "error_rate": 0.0 })).await;
    shop.record::<PaymentProcessed>(&key).await;
    shop.record::<ShippingCancelled>(&key).await;
    let (_, refunded) = shop.record::<PaymentRefunded>(&key).await;
    assert_eq!(refunded.reason, "cancelled");
    shop.close(&[placed]).await;
}

/// The gateway has charged and nobody knows: after a loss of state it is asked before anything else is done.
#[tokio::test]
async fn a_charge_that_nobody_heard_of_is_found_after_a_loss_of_state_and_given_back() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let gateway = shop.environment().gateway();
    shop.switch(gateway, json!({ "timeout_after_charge_rate": 1.0, "hold_ms": 60_000 })).await;
    let placed = shop.place(&Request::good().becoming(State::Cancelled)).await;
    let key = placed.order_id.to_string();
    eventually("the charge", async || {
        let ledger = read_ledger(&shop.environment().gateway_ledger()).unwrap();
        let charged = ledger.iter().any(|line| line.entry.order_id == key && line.entry.kind == Kind::Charge);
        if charged { Ok(()) } else { Err("none") }
    })
    .await;
    cancel(&shop, placed).await;
    shop.kill("payment-0");
    servers::flush(&servers).await;
    shop.switch(gateway, json!({ "timeout_after_charge_rate": 0.0 })).await;
    shop.start_again("payment-0").await;
    shop.record::<PaymentProcessed>(&key).await;
    shop.record::<ShippingCancelled>(&key).await;
    shop.close(&[placed]).await;
}

/// Shipping is at `labelling` when the cancel comes: it is too late.
#[rstest]
#[case::undisturbed(Mishap::Nothing)]
#[case::with_shipping_killed(Mishap::Killed)]
#[case::with_redis_lost(Mishap::RedisLost)]
#[tokio::test]
async fn an_order_whose_label_is_being_bought_is_not_cancelled_any_more(#[case] mishap: Mishap) {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let carrier = shop.environment().carrier();
    shop.switch(carrier, json!({ "error_rate": 1.0 })).await;
    let placed = shop.place(&Request::good()).await;
    shop.tried("shipping-0").await;
    cancel(&shop, placed).await;
    let (_, rejected) = shop.record::<OrderCancelRejected>(&placed.order_id.to_string()).await;
    assert_eq!(rejected.reason, "label_bought");
    befall(&shop, &servers, "shipping-0", mishap).await;
    shop.switch(carrier, json!({ "error_rate": 0.0 })).await;
    shop.close(&[placed]).await;
}

/// Wherever the cancels meet their orders, each ends once, and nobody pays for nothing.
#[tokio::test]
async fn cancels_at_any_moment_end_each_order_once() {
    let shop = Shop::open(options()).await;
    let mut orders = Vec::new();
    for _ in 0..30 {
        let placed = shop.place(&Request::good()).await;
        let (status, problem) = shop.cancel(placed.order_id).await;
        assert!([StatusCode::ACCEPTED, StatusCode::CONFLICT].contains(&status), "{problem}");
        orders.push(placed.order_id);
    }
    let mut placed = Vec::new();
    for order_id in orders {
        let (_, shown) = shop.ask(&format!("/orders/{order_id}?wait=final&timeout=60s")).await;
        let becomes = match shown["state"].as_str() {
            Some("Cancelled") => State::Cancelled,
            _ => State::Fulfilled,
        };
        placed.push(Placed { order_id, becomes });
    }
    assert!(placed.iter().any(|order| order.becomes == State::Cancelled), "no cancel came in time");
    shop.close(&placed).await;
}

/// The same request twice is one.
#[tokio::test]
async fn asking_twice_to_cancel_is_asking_once() {
    let shop = Shop::open(options()).await;
    shop.terminate("inventory-0").await;
    let placed = shop.place(&Request::good().becoming(State::Cancelled)).await;
    shop.record::<OrderValidatedForFraud>(&placed.order_id.to_string()).await;
    cancel(&shop, placed).await;
    cancel(&shop, placed).await;
    shop.caught_up("payment", ORDERS).await;
    shop.start_again("inventory-0").await;
    shop.record::<InventoryReserved>(&placed.order_id.to_string()).await;
    shop.close(&[placed]).await;
}

async fn cancel(shop: &Shop, order: Placed) {
    let (status, problem) = shop.cancel(order.order_id).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{problem}");
}

async fn befall(shop: &Shop, servers: &orderflow_stack::Servers, name: &str, mishap: Mishap) {
    match mishap {
        Mishap::Nothing => {}
        Mishap::Killed => {
            shop.kill(name);
            shop.start_again(name).await;
        }
        Mishap::RedisLost => servers::flush(servers).await,
    }
}
