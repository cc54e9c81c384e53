//! Orders of customers who were erased.

use std::sync::Arc;

use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried, ids},
    events::{CustomerErased, Order, Record, Sealed},
    state::{State, rebuild::Fold},
    step::{Origin, Received, Step},
    topics::AUDIT,
    trace::TraceContext,
};
use redis::AsyncCommands;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    events::{at, event, order, received},
    fixture::{Fixture, id},
};
use crate::{
    entry::note, erased, fold::RestoreTimelines, on_customer_erased::OnCustomerErased, order::About,
    timelines::Timelines,
};
use orderflow_testkit::RedisServer;

/// The key of the customer who was erased, and the one they got when they came back.
const GONE: Uuid = Uuid::from_u128(0xdead);
const NEW: Uuid = Uuid::from_u128(0xbeef);

/// The order `n` of one customer, always the same, sealed with this key.
fn sealed(n: u128, key_id: Uuid) -> Arc<Order> {
    let order = (*order(n)).clone();
    Arc::new(Order { sealed: Sealed { key_id, ..order.sealed.clone() }, ..order })
}

fn erasure(keys: &[Uuid]) -> Received<CustomerErased> {
    let event = CustomerErased {
        customer_id: "cust-42".to_owned(),
        erased_by: "ada".to_owned(),
        reason: "request 7".to_owned(),
        keys: keys.to_vec(),
        documents: 0,
        erased_at: at(20),
    };
    let envelope = Envelope {
        id: ids::from_parts(&["erased"]),
        source: "orderflow".to_owned(),
        kind: CustomerErased::full_name(),
        time: at(20),
        subject: event.key(),
        dataschema: None,
        correlation_id: "test".to_owned(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    let origin = Origin { topic: AUDIT, partition: 0, offset: 0, timestamp: at(20) };
    Received { event, envelope, origin }
}

/// Lets the step have erasures, in one batch.
async fn erase(state: &State, batch: &[Received<CustomerErased>]) {
    let verdicts = OnCustomerErased(state.clone()).handle(batch).await.unwrap();
    assert!(verdicts.len() == batch.len() && verdicts.iter().all(Result::is_ok));
}

/// What order, list and reviews say of the order `n`.
async fn said(service: &Fixture, n: u128) -> [Value; 3] {
    let in_list = async |path: &str, name: &str| {
        let page = service.get(path).await.body;
        let all = page[name].as_array().unwrap().clone();
        all.into_iter().find(|order| order["order_id"] == id(n)).unwrap()["erased"].clone()
    };
    let shown = service.get(&format!("/orders/{}", id(n))).await.body["erased"].clone();
    [shown, in_list("/orders?customer=cust-42", "orders").await, in_list("/reviews", "reviews").await]
}

#[tokio::test]
async fn an_order_is_erased_with_its_key_whichever_comes_first_and_never_with_its_customer_id() {
    let Some(service) = Fixture::start().await else { return };
    let place = async |n, key| {
        let order = sealed(n, key);
        service.fold(["OrderPlaced", "OrderHeldForReview"].map(|name| event(&order, name))).await;
    };
    place(1, GONE).await;
    place(2, NEW).await;
    assert_eq!(said(&service, 1).await, [false, false, false]);
    let erasure = erasure(&[Uuid::from_u128(1), GONE]);
    erase(&service.state, &[erasure.clone(), erasure]).await;
    place(3, GONE).await;
    place(4, NEW).await;
    for (n, erased) in [(1, true), (2, false), (3, true), (4, false)] {
        assert_eq!(said(&service, n).await, [erased; 3], "{n}");
    }
}

#[tokio::test]
async fn an_order_nobody_has_described_yet_is_neither() {
    let Some(service) = Fixture::start().await else { return };
    let order = sealed(1, GONE);
    erase(&service.state, &[erasure(&[GONE])]).await;
    service.fold([event(&order, "OrderCancelRequested")]).await;
    let path = format!("/orders/{}", id(1));
    let shown = service.get(&path).await.body;
    assert_eq!((shown.get("erased"), shown.get("customer_id")), (None, None), "{shown}");
    service.fold([event(&order, "PaymentProcessed")]).await;
    assert_eq!(service.get(&path).await.body["erased"], json!(true));
}

#[tokio::test]
async fn an_erasure_that_erased_no_key_is_taken_and_erased_keys_are_kept_for_ever() {
    let Some(service) = Fixture::start().await else { return };
    erase(&service.state, &[erasure(&[])]).await;
    erase(&service.state, &[erasure(&[GONE])]).await;
    let left: i64 = service.state.redis().ttl(service.state.key("erased")).await.unwrap();
    assert_eq!(left, -1, "it has no expiry");
}

#[tokio::test]
async fn a_rebuild_shows_the_same_whichever_topic_is_read_first() {
    let Some(server) = RedisServer::start() else { return };
    let clock = Clock::system();
    assert!(RestoreTimelines { clock: clock.clone() }.sources().contains(&AUDIT));
    let orders = [(1, GONE), (2, NEW)].map(|(n, key)| received(event(&sealed(n, key), "OrderPlaced")));
    let notes = orders.map(|received| note(&received.event, &received.envelope, &received.origin));
    for audit_first in [true, false] {
        let state = server.state(&format!("test:erased-{audit_first}:")).await;
        let timelines = Timelines::new(state.clone(), clock.clone());
        if audit_first {
            erased::take_note(&state, &[GONE]).await.unwrap();
        }
        timelines.take_note(&notes).await.unwrap();
        if !audit_first {
            erased::take_note(&state, &[GONE]).await.unwrap();
        }
        let both = [1, 2].map(Uuid::from_u128);
        let listed = timelines.summaries(&both).await.unwrap();
        let listed: Vec<Option<About>> = listed.into_iter().map(|order| order.map(|o| o.about)).collect();
        let of = async |id| timelines.order(id).await.unwrap().unwrap().about;
        assert_eq!(listed, [of(both[0]).await, of(both[1]).await]);
        let erased = listed.iter().map(|about| about.as_ref().unwrap().erased);
        assert_eq!(erased.collect::<Vec<_>>(), [true, false], "audit first: {audit_first}");
    }
}
