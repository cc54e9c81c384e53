//! Waiting for an order, and following it.

use std::time::Duration;

use axum::{body::Body, http::Method, response::Response};
use futures::StreamExt;
use serde_json::{Value, json};

use orderflow::step::Step;

use super::{
    events::{event, order, received},
    fixture::{Fixture, id},
};

const PLACED: [&str; 2] = ["OrderPlaced", "OrderValidatedForFraud"];

/// A server-sent event.
#[derive(Debug, Default, PartialEq)]
pub struct Sent {
    pub event: String,
    id: Option<String>,
    pub data: Value,
}

/// The events of a stream, one by one, as they come.
pub struct Stream {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Stream {
    pub fn of(response: Response<Body>) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let mut sent = Sent::default();
                for line in block.lines() {
                    match line.split_once(": ").unwrap() {
                        ("event", name) => sent.event = name.to_owned(),
                        ("id", id) => sent.id = Some(id.to_owned()),
                        ("data", data) => sent.data = serde_json::from_str(data).unwrap(),
                        _ => {}
                    }
                }
                self.text = rest.to_owned();
                return Some(sent);
            }
            let bytes = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.next().await.unwrap().event);
        }
        names
    }
}

async fn follow(service: &Fixture, last: Option<&str>) -> Response<Body> {
    let headers: Vec<(&str, &str)> = last.iter().map(|id| ("last-event-id", *id)).collect();
    service.open(Method::GET, &format!("/orders/{}/events", id(1)), &headers, "").await
}

#[tokio::test]
async fn a_long_poll_is_answered_when_the_order_is_finished_and_not_before() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &PLACED).await;
    let path = format!("/orders/{}?wait=final&timeout=20s", id(1));
    let mut asked = Box::pin(service.get(&path));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut asked).await.is_err());
    service.fold_all(1, &["InventoryShortage"]).await;
    assert_eq!(asked.await.body["state"], "OutOfStock");
}

#[tokio::test]
async fn a_long_poll_that_takes_too_long_shows_where_the_order_stands() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &PLACED).await;
    let shown = service.get(&format!("/orders/{}?wait=final&timeout=50ms", id(1))).await;
    assert_eq!((shown.status.as_u16(), &shown.body["step"]), (200, &json!("validated")));
    let unknown = service.get(&format!("/orders/{}?wait=accepted&timeout=50ms", id(2))).await;
    assert_eq!(unknown.problem(), (404, "unknown_order"));
}

#[tokio::test]
async fn whoever_waits_for_acceptance_sees_the_order_once_it_is_known() {
    let Some(service) = Fixture::start().await else { return };
    let path = format!("/orders/{}?wait=accepted&timeout=20s", id(1));
    let mut asked = Box::pin(service.get(&path));
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut asked).await.is_err());
    service.fold_all(1, &PLACED[..1]).await;
    assert_eq!(asked.await.body["step"], "accepted");
}

#[tokio::test]
async fn events_of_the_past_come_first_then_each_as_it_comes_until_the_order_is_finished() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &PLACED).await;
    let mut stream = Stream::of(follow(&service, None).await);
    assert_eq!(stream.names(2).await, PLACED);
    service.fold_all(1, &["InventoryReserved", "OrderPlaced"]).await;
    assert_eq!(stream.names(1).await, ["InventoryReserved"], "a repeat is not sent again");
    service.fold_all(1, &["PaymentFailed"]).await;
    assert_eq!(stream.names(1).await, ["PaymentFailed"]);
    let end = stream.next().await.unwrap();
    assert_eq!((end.event.as_str(), &end.data["state"]), ("end", &json!("Declined")));
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn an_answer_that_is_read_before_what_it_answers_is_sent_after_it() {
    let Some(service) = Fixture::start().await else { return };
    let step = service.step.as_ref().unwrap();
    service.fold_all(1, &["OrderPlaced"]).await;
    let mut stream = Stream::of(follow(&service, None).await);
    stream.names(1).await;
    let validated = received(event(&order(1), "OrderValidatedForFraud"));
    let mut short = received(event(&order(1), "InventoryShortage"));
    short.envelope.causation_id = Some(validated.envelope.id);
    step.handle(&[short]).await.unwrap();
    let (sent, ()) = tokio::join!(stream.names(3), async {
        tokio::task::yield_now().await; // the stream has looked at what there is
        step.handle(&[validated]).await.unwrap();
    });
    assert_eq!(sent, ["OrderValidatedForFraud", "InventoryShortage", "end"]);
}

#[tokio::test]
async fn an_answer_to_what_is_never_read_is_sent_all_the_same() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    let mut lone = received(event(&order(1), "OrderFraudDetected"));
    lone.envelope.causation_id = Some(uuid::Uuid::from_u128(404));
    service.step.as_ref().unwrap().handle(&[lone]).await.unwrap();
    let mut stream = Stream::of(follow(&service, None).await);
    assert_eq!(stream.names(3).await, ["OrderPlaced", "OrderFraudDetected", "end"]);
}

#[tokio::test]
async fn whoever_comes_back_gets_what_was_missed_also_what_arrived_out_of_order() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "InventoryReserved"]).await;
    let mut stream = Stream::of(follow(&service, None).await);
    assert_eq!(stream.next().await.unwrap().id, None, "not all that came with it is sent yet");
    let last = stream.next().await.unwrap().id.unwrap();
    drop(stream);

    service.fold_all(1, &["OrderValidatedForFraud", "PaymentProcessed"]).await;
    let mut stream = Stream::of(follow(&service, Some(&last)).await);
    assert_eq!(stream.names(2).await, ["OrderValidatedForFraud", "PaymentProcessed"]);
    drop(stream);

    let stranger = format!("g99{}", &last[2..]);
    let mut stream = Stream::of(follow(&service, Some(&stranger)).await);
    assert_eq!(stream.names(4).await.len(), 4, "after a rebuild places mean nothing: all is sent");
}

#[tokio::test]
async fn whoever_has_had_the_end_is_told_not_to_come_back() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "OrderFraudDetected"]).await;
    let mut stream = Stream::of(follow(&service, None).await);
    stream.names(2).await;
    let last = stream.next().await.unwrap().id.unwrap();
    assert_eq!(follow(&service, Some(&last)).await.status(), 204);
}

#[tokio::test]
async fn nobody_waits_for_a_service_that_stops() {
    let Some(mut service) = Fixture::start().await else { return };
    service.fold_all(1, &PLACED).await;
    let mut stream = Stream::of(follow(&service, None).await);
    stream.names(2).await;
    (service.step, service.letters, service.acts) = (None, None, None); // the loop has ended
    assert_eq!(stream.next().await, None);
    let shown = service.get(&format!("/orders/{}?wait=final&timeout=60s", id(1))).await;
    assert_eq!(shown.body["step"], "validated");
}

#[tokio::test]
async fn only_so_many_wait_and_they_keep_nobody_else_out() {
    let Some(service) = Fixture::with(1, None).await else { return };
    service.fold_all(1, &PLACED).await;
    let path = format!("/orders/{}", id(1));
    let stream = follow(&service, None).await;
    assert_eq!(stream.status(), 200);
    let shed = service.get(&format!("{path}?wait=final")).await;
    assert_eq!((shed.problem(), shed.header("retry-after")), ((503, "overloaded"), "1"));
    assert_eq!(service.get(&path).await.status, 200);
    drop(stream);
    assert_eq!(service.get(&format!("{path}?wait=accepted")).await.status, 200, "the place is free again");
}
