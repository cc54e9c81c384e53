//! What a shop's own topics give to a training: it is looked at before any Python is.

use orderflow::events::{FraudLabelled, OrderFraudDetected};
use orderflow_tests::{Request, Shop, eventually, options};
use reqwest::StatusCode;

/// Python that is not there: whoever gets so far has not found the mistake.
const TRAIN: [&str; 8] =
    ["models", "train", "fraud", "--from-topics", "--out", "nowhere", "--python", "no-such-python"];

#[tokio::test]
async fn orders_train_by_their_newest_label_and_what_nobody_could_report_does_not() {
    let shop = Shop::open(options()).await;
    let train = async |more: &[&str]| shop.orderflow_refuses(&[&TRAIN, more].concat()).await;
    let said = train(&["--maturity", "0s"]).await;
    assert!(said.contains("there is no decision on `fraud`: nothing to train on"), "{said}");

    let mut placed = Vec::new();
    for request in
        [Request::good(), Request::good(), Request::good(), Request::short(), Request::fraudulent()]
    {
        placed.push(shop.place(&request).await);
    }
    shop.settled(&placed).await;
    shop.record::<OrderFraudDetected>(&placed[4].order_id.to_string()).await;
    // The first is fraud, then honest after all; the second is fraud.
    for (order, fraud) in [(0, true), (0, false), (1, true)] {
        // Only what order-status knows can be labelled: it reads behind the log.
        shop.shown(placed[order].order_id, "Fulfilled", None).await;
        assert_eq!(shop.label(placed[order].order_id, fraud).await.0, StatusCode::ACCEPTED);
    }
    eventually("three labels", async || match shop.records::<FraudLabelled>().await.len() {
        3 => Ok(()),
        labels => Err(format!("{labels}")),
    })
    .await;
    let said = train(&["--maturity", "0s"]).await;
    assert!(said.contains("5 orders were decided, 2 orders are labelled"), "{said}");
    // Neither what was refused nor what was never charged is honest for want of a label.
    assert!(said.contains("too little to train on: 3 orders, "), "{said}");
    assert!(said.contains("labelled frauds in the training window, 30 are needed"), "{said}");
    // Orders of today are too young.
    let said = train(&[]).await;
    assert!(said.contains("none of 5 decided orders can train: 5 too_young"), "{said}");
    let said = train(&["--maturity", "0s", "--until", "2001-01-01T00:00:00Z"]).await;
    assert!(said.contains("5 not_in_range"), "{said}");
    shop.close(&placed).await;
}
