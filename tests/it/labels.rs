//! What is learned later about an order counts from the next one on.

use orderflow::{
    events::{FraudLabelled, OrderHeldForReview},
    topics::FRAUD_LABELS,
};
use orderflow_tests::{
    Request, Shop, eventually,
    load::Placed,
    options,
    servers::{self, flush},
};
use reqwest::StatusCode;
use uuid::Uuid;

/// Labels an order, and waits until that is taken note of.
async fn label(shop: &Shop, order: Uuid, fraud: bool) {
    assert_eq!(shop.label(order, fraud).await.0, StatusCode::ACCEPTED);
    shop.caught_up("fraud-scoring", FRAUD_LABELS).await;
}

/// Places an order that is held because of known fraud, and lets it go.
async fn held(shop: &Shop, customer: &Request) -> Placed {
    let placed = shop.place(customer).await;
    let (_, held) = shop.record::<OrderHeldForReview>(&placed.order_id.to_string()).await;
    let told: Vec<&str> = held.decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert!(told.contains(&"known_fraud_customer"), "{told:?}");
    // After a flush order-status does not know at once.
    eventually("the decision to be taken", async || match shop.decide(placed.order_id, "approve").await {
        (StatusCode::ACCEPTED, _) => Ok(()),
        (status, problem) => Err(format!("{status}: {problem}")),
    })
    .await;
    placed
}

#[tokio::test]
async fn confirmed_fraud_holds_the_customers_next_order_until_it_is_corrected_also_after_a_flush() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let (cleared, thief) = (Request::good(), Request::good());
    let mut placed = vec![shop.place(&cleared).await, shop.place(&thief).await];
    for order in &placed {
        shop.shown(order.order_id, "Fulfilled", None).await;
        label(&shop, order.order_id, true).await;
    }
    assert_eq!(shop.label(Uuid::new_v4(), true).await.0, StatusCode::NOT_FOUND);
    let first = placed[0].order_id;
    placed.push(held(&shop, &cleared).await);
    label(&shop, first, false).await;

    flush(&servers).await;
    placed.push(held(&shop, &thief).await);
    let last = shop.place(&cleared).await;
    shop.shown(last.order_id, "Fulfilled", None).await;
    let held = shop.records::<OrderHeldForReview>().await;
    assert!(held.iter().all(|(_, event)| event.order.order_id != last.order_id), "the correction counts");
    assert_eq!(shop.records::<FraudLabelled>().await.len(), 3);
    placed.push(last);
    shop.close(&placed).await;
}
