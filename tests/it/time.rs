//! Deadlines, by an injected clock.

use orderflow::{
    events::{InventoryReleased, PaymentFailed},
    order_state::State,
};
use orderflow_tests::{Request, Shop, options};
use simulators::gateway::{Kind, read_ledger};

#[tokio::test]
async fn a_reservation_that_ended_before_payment_began_is_voided_at_the_gateway_and_released() {
    let shop = Shop::open(options()).await;
    // A quarter of an hour, and a little.
    shop.move_clock("payment-0", 15 * 60 + 5).await;
    let late = shop.place(&Request { becomes: State::Declined, ..Request::for_lines(&[("LAST", 3)]) }).await;
    let key = late.order_id.to_string();
    let (_, failed) = shop.record::<PaymentFailed>(&key).await;
    assert_eq!(failed.reason, "reservation_expired");
    shop.record::<InventoryReleased>(&key).await;
    let ledger = read_ledger(&shop.environment().gateway_ledger()).unwrap();
    let voided = ledger.iter().any(|line| line.entry.order_id == key && line.entry.kind == Kind::Void);
    assert!(voided, "{ledger:?}");

    shop.move_clock("payment-0", 0).await;
    let served = shop.place(&Request::for_lines(&[("LAST", 3)])).await;
    shop.close(&[late, served]).await;
}
