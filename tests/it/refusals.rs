//! A refused order is an event that says why, and leaves nothing behind.

use orderflow::{
    events::{
        InventoryReleased, InventoryShortage, OrderFraudDetected, PaymentFailed, ShippingFailed, ShortLine,
    },
    order_state::State,
};
use orderflow_tests::{Request, Shop, options};

#[tokio::test]
async fn a_fraudulent_order_is_rejected_with_reasons_and_touches_nothing() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::fraudulent()).await;
    let (_, refused) = shop.record::<OrderFraudDetected>(&placed.order_id.to_string()).await;
    assert!(refused.decision.score > refused.decision.threshold, "{:?}", refused.decision);
    let codes: Vec<&str> = refused.decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert!(codes.contains(&"countries_all_differ"), "{codes:?}");
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_shortage_names_each_short_line_and_reserves_nothing() {
    let shop = Shop::open(options()).await;
    let mut request = Request::for_lines(&[("MUG", 1), ("EMPTY", 2), ("LAST", 4)]);
    request.becomes = State::OutOfStock;
    let placed = shop.place(&request).await;
    let (_, shortage) = shop.record::<InventoryShortage>(&placed.order_id.to_string()).await;
    let short = |sku: &str, requested, available| ShortLine { sku: sku.to_owned(), requested, available };
    let mut named = shortage.short;
    named.sort_by(|a, b| a.sku.cmp(&b.sku));
    assert_eq!(named, [short("EMPTY", 2, 0), short("LAST", 4, 3)]);
    // All three are still there for somebody who wants no more than there is.
    let served = shop.place(&Request::for_lines(&[("LAST", 3)])).await;
    shop.close(&[placed, served]).await;
}

#[tokio::test]
async fn a_declined_card_releases_the_stock_for_the_next_customer() {
    let shop = Shop::open(options()).await;
    let declined = Request::for_lines(&[("LAST", 3)]).paid_with("tok_chargeDeclinedInsufficientFunds");
    let declined = shop.place(&declined).await;
    let key = declined.order_id.to_string();
    let (_, failed) = shop.record::<PaymentFailed>(&key).await;
    assert_eq!(failed.reason, "insufficient_funds");
    let (_, released) = shop.record::<InventoryReleased>(&key).await;
    assert_eq!(released.reason, "payment_failed");
    let served = shop.place(&Request::for_lines(&[("LAST", 3)])).await;
    shop.close(&[declined, served]).await;
}

#[tokio::test]
async fn an_expired_card_is_a_failed_payment_and_not_bad_input() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::good().paid_with("tok_chargeDeclinedExpiredCard")).await;
    let (_, failed) = shop.record::<PaymentFailed>(&placed.order_id.to_string()).await;
    assert_eq!(
        (failed.reason.as_str(), failed.gateway_code.as_deref()),
        ("expired_card", Some("expired_card"))
    );
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn an_address_nobody_delivers_to_is_an_event_and_not_a_fault() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::undeliverable()).await;
    let (_, failed) = shop.record::<ShippingFailed>(&placed.order_id.to_string()).await;
    assert!(!failed.reason.is_empty());
    shop.close(&[placed]).await;
}
