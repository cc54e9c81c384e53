//! Too much is turned away, with the time to come back.

use axum::{body::Body, http::Method};
use futures::StreamExt;

use super::fixture::{Fixture, Knobs, bearer, order};

#[tokio::test]
async fn a_caller_beyond_the_rate_waits() {
    let Some(service) = Fixture::with(Knobs { per_second: 1, burst: 2, ..Knobs::default() }).await else {
        return;
    };
    for _ in 0..2 {
        assert_eq!(service.order(&order(), &[]).await.status, 202);
    }
    let shed = service.order(&order(), &[]).await;
    assert_eq!((shed.status.as_u16(), shed.code(), shed.header("retry-after")), (429, "rate_limited", "1"));
    let elsewhere = service.order(&order(), &[("test-peer", "198.51.100.1:1")]).await;
    assert_eq!(elsewhere.status, 202, "one caller's haste is not another's");
    let token = bearer(&service.clock, "shop");
    assert_eq!(service.order(&order(), &[("authorization", &token)]).await.status, 202);
}

#[tokio::test]
async fn guessing_tokens_is_counted_too() {
    let Some(service) = Fixture::with(Knobs { per_second: 1, burst: 1, ..Knobs::default() }).await else {
        return;
    };
    let guess = [("authorization", "Bearer guess")];
    assert_eq!(service.order(&order(), &guess).await.status, 401);
    assert_eq!(service.order(&order(), &guess).await.status, 429);
}

#[tokio::test]
async fn beyond_the_places_in_flight_is_overload() {
    let Some(service) = Fixture::with(Knobs { in_flight: 1, ..Knobs::default() }).await else { return };
    // A body that never ends holds the only place.
    let endless = Body::from_stream(
        futures::stream::iter([Ok::<_, std::io::Error>("{")]).chain(futures::stream::pending()),
    );
    let headers = [("content-type", "application/json")];
    let slow = service.send(Method::POST, "/orders", &headers, endless);
    let quick = async {
        tokio::task::yield_now().await;
        service.order(&order(), &[]).await
    };
    let shed = tokio::select! { biased; _ = slow => panic!("the body has no end"), shed = quick => shed };
    assert_eq!((shed.status.as_u16(), shed.code(), shed.header("retry-after")), (503, "overloaded", "1"));
    assert_eq!(service.order(&order(), &[]).await.status, 202, "the place is free again");
}
