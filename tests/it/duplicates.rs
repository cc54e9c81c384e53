//! One `Idempotency-Key`, one order.

use futures::future::join_all;
use orderflow_tests::{Request, Shop, load::Placed, options};
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test]
async fn requests_with_one_key_are_one_order_whenever_they_come() {
    let shop = Shop::open(options()).await;
    let (counter, request) = (shop.counter(), Request::good().keyed("cart-1"));
    // At once: some are told to come back while the first is under way.
    let placed = join_all((0..8).map(|_| counter.place(&request))).await;
    assert!(placed.iter().all(|order| *order == placed[0]), "{placed:?}");
    shop.settled(&placed[..1]).await;

    // After it is all over: the same answer, and it says that it is one.
    let again = counter.post(&request).await.unwrap();
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let body: Value = again.json().await.unwrap();
    assert_eq!(body["order_id"], placed[0].order_id.to_string());
    shop.close(&placed[..1]).await;
}

#[tokio::test]
async fn another_request_of_a_stranger_under_the_same_key_is_another_order() {
    let shop = Shop::open(options()).await;
    let first = shop.place(&Request::good().keyed("1")).await;
    let second = shop.place(&Request::good().keyed("1")).await;
    assert_ne!(first.order_id, second.order_id);
    shop.close(&[first, second]).await;
}

#[tokio::test]
async fn the_same_order_without_a_key_is_a_new_order_each_time() {
    let shop = Shop::open(options()).await;
    let request = Request::good();
    let post = async || -> Placed {
        let body: Value = shop.counter().post(&request).await.unwrap().json().await.unwrap();
        Placed { order_id: body["order_id"].as_str().unwrap().parse().unwrap(), becomes: request.becomes }
    };
    let placed = [post().await, post().await];
    assert_ne!(placed[0], placed[1]);
    shop.close(&placed).await;
}
