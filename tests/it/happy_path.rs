//! An order from `POST` to shipping label.

use orderflow::{
    events::{
        InventoryReserved, LabelDocumentStored, Order, OrderPlaced, OrderValidatedForFraud, PaymentProcessed,
        PickupScheduled, ShippingLabelGenerated,
    },
    order_state::State,
};
use orderflow_cli::log::Entry;
use orderflow_tests::{Request, Shop, eventually, options};

#[tokio::test]
async fn an_order_goes_from_post_to_label_and_every_hop_says_why() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::good()).await;
    let key = placed.order_id.to_string();

    let (root, order) = shop.record::<OrderPlaced>(&key).await;
    let (validated, judged) = shop.record::<OrderValidatedForFraud>(&key).await;
    let (reserved, kept) = shop.record::<InventoryReserved>(&key).await;
    let (paid, payment) = shop.record::<PaymentProcessed>(&key).await;
    let (labelled, label) = shop.record::<ShippingLabelGenerated>(&key).await;
    let (stored, document) = shop.record::<LabelDocumentStored>(&key).await;
    let (booked, _) = shop.record::<PickupScheduled>(&key).await;

    assert_eq!(payment.amount, 2 * 1290 + 795);
    let same = |other: &Order| *other == *order.order;
    assert!(same(&judged.order) && same(&kept.order) && same(&payment.order) && same(&label.order));
    assert_eq!(document.tracking_number, label.tracking_number);
    for path in [&document.zpl_path, &document.pdf_path] {
        let file = shop.environment().label_store().join(path);
        assert!(
            std::fs::metadata(&file).is_ok_and(|file| file.len() > 100),
            "{} is not a label",
            file.display()
        );
    }

    let path = [&root, &validated, &reserved, &paid, &labelled, &stored];
    path.windows(2).for_each(|hop| follows(hop[0], hop[1]));
    follows(&labelled, &booked);
    shop.close(&[placed]).await;
}

/// One event led to the other, within one request and one trace.
fn follows(cause: &Entry, effect: &Entry) {
    let (cause, effect) = (&cause.envelope, &effect.envelope);
    assert_eq!(effect.causation_id, Some(cause.id), "{} does not say why", effect.kind);
    assert_eq!(effect.correlation_id, cause.correlation_id);
    let trace = |envelope: &orderflow::envelope::Envelope| envelope.trace.to_string()[..35].to_owned();
    assert_eq!(trace(effect), trace(cause), "the trace breaks at {}", effect.kind);
}

#[tokio::test]
async fn orders_of_every_kind_come_to_their_ends_under_both_delivery_settings() {
    for delivery in [orderflow::config::Delivery::ExactlyOnce, orderflow::config::Delivery::AtLeastOnce] {
        let mut options = options();
        options.delivery = delivery;
        let shop = Shop::open(options).await;
        let mut placed = shop.load(20).all().await;
        placed.push(shop.place(&Request::undeliverable()).await);
        assert!(placed.iter().any(|order| order.becomes == State::Rejected));
        shop.close(&placed).await;
    }
}

/// What ends a transaction stands on the topic too, and is no record that waits.
#[tokio::test]
async fn a_service_that_has_read_everything_has_no_lag() {
    let shop = Shop::open(options()).await;
    let placed = shop.load(10).all().await;
    shop.settled(&placed).await;
    for name in ["fraud-scoring-0", "inventory-0", "payment-0", "shipping-0"] {
        eventually(&format!("{name} to have no lag"), async || {
            let metrics = shop.metrics(name).await;
            let lags: Vec<f64> = metrics
                .lines()
                .filter(|line| line.starts_with("orderflow_consumer_lag_records{"))
                .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
                .collect();
            if !lags.is_empty() && lags.iter().all(|lag| *lag == 0.0) {
                Ok(())
            } else {
                Err(format!("{lags:?}"))
            }
        })
        .await;
    }
    shop.close(&placed).await;
}
