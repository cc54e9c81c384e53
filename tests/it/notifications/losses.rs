//! Nothing is lost, and what comes again has the same id.

use std::collections::BTreeSet;

use orderflow_tests::{
    Request, Shop, eventually,
    servers::{self, flush},
};

use super::{
    office::{INSTANCE, open_on, subscribe},
    receiver::{Answer, Received, Receiver, Webhook},
};

const TAKES: Answer = Answer::Status(204);
const ORDERS: usize = 4;
const EVENTS: [&str; 3] = ["order.accepted", "order.paid", "order.fulfilled"];

#[tokio::test]
async fn what_waits_when_redis_forgets_everything_is_told_all_the_same() {
    let servers = servers::own_redis().await;
    let shop = open_on(&servers, &[], &[]).await;
    let receiver = Receiver::start(Answer::Status(503)).await;
    subscribe(&shop, &receiver.url, &EVENTS).await;
    let mut placed = place(&shop).await;
    receiver.has_received(1).await;
    flush(&servers).await;
    receiver.answers(TAKES);
    told(&receiver).await;
    assert!(in_order(&receiver.taken()), "{:?}", receiver.taken());
    // Everybody has their state again before the books are closed.
    placed.push(shop.place(&Request::good()).await);
    shop.settled(&placed).await;
    shop.close(&placed).await;
}

#[tokio::test]
async fn what_is_on_its_way_when_the_service_is_killed_comes_again_under_its_id() {
    let shop = open_on(servers::shared().await, &[("WEBHOOK_TIMEOUT", "2")], &[]).await;
    let receiver = Receiver::start(Answer::Never).await;
    subscribe(&shop, &receiver.url, &EVENTS).await;
    let placed = place(&shop).await;
    let first = receiver.has_received(1).await.remove(0);
    shop.kill(INSTANCE);
    receiver.answers(TAKES);
    shop.start_again(INSTANCE).await;
    told(&receiver).await;
    assert_eq!(receiver.taken()[0].id, first.id);
    assert_eq!(receiver.taken()[0].body, first.body);
    assert!(in_order(&receiver.taken()), "{:?}", receiver.taken());
    shop.close(&placed).await;
}

async fn place(shop: &Shop) -> Vec<orderflow_tests::load::Placed> {
    let mut placed = Vec::new();
    for _ in 0..ORDERS {
        placed.push(shop.place(&Request::good()).await);
    }
    shop.settled(&placed).await;
    placed
}

/// Waits until every event of every order was taken; each as often as it takes, under one id.
async fn told(receiver: &Receiver) {
    eventually("every event to be told", async || {
        let taken = receiver.taken();
        let events: BTreeSet<_> = taken.iter().map(|one| (one.order(), one.name())).collect();
        let ids: BTreeSet<_> = taken.iter().map(|one| one.id.clone()).collect();
        let wanted = ORDERS * EVENTS.len();
        if (events.len(), ids.len()) == (wanted, wanted) {
            Ok(())
        } else {
            Err(format!("{} events, {} ids", events.len(), ids.len()))
        }
    })
    .await;
}

/// Whether the events of each order came in their order, a repeat aside.
fn in_order(taken: &[Received]) -> bool {
    let mut seen = BTreeSet::new();
    let first: Vec<&Received> = taken.iter().filter(|one| seen.insert(one.id.clone())).collect();
    let orders: BTreeSet<String> = first.iter().map(|one| one.order()).collect();
    orders.iter().all(|order| {
        let names = first.iter().filter(|one| one.order() == *order).map(|one| one.name());
        names.eq(EVENTS)
    })
}
