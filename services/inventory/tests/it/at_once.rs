//! Several instances at the same stock at the same time.

use std::{collections::BTreeMap, sync::Arc};

use inventory::{
    Past,
    domain::{self, Fact, Level},
};
use orderflow::events::Order;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::service::{Service, adjustment, order};
use orderflow_testkit::RedisServer;

const INSTANCES: u128 = 6;

/// Orders of one instance: mixed SKUs, some of them twice in one order.
fn orders(instance: u128) -> Vec<(Uuid, Arc<Order>)> {
    let lines = |n: u128| match n % 4 {
        0 => vec![("red", 1), ("blue", 2)],
        1 => vec![("blue", 1), ("red", 2), ("blue", 1)],
        2 => vec![("green", 3)],
        _ => vec![("green", 1), ("red", 1)],
    };
    let id = |n: u128| instance * 10_000 + n;
    (0..120).map(|n| (Uuid::from_u128(1 << 64 | id(n)), order(Uuid::from_u128(id(n)), &lines(n)))).collect()
}

/// Reserves everything in small batches, and gives every third reservation back, while another third is shipped, some
/// of it refunded at the same moment; stock comes in and goes meanwhile.
async fn trade(service: Service, instance: u128) -> Vec<Past> {
    let mut said = Vec::new();
    for (n, batch) in (0..).zip(orders(instance).chunks(5)) {
        let answers = service.reserve(batch).await;
        said.extend(answers.into_iter().filter_map(Result::unwrap));
        let unpaid: Vec<_> = batch.iter().skip(n as usize % 3).step_by(3).cloned().collect();
        let failed: Vec<_> =
            unpaid.into_iter().map(|(id, order)| (Uuid::from_u128(id.as_u128() | 1 << 65), order)).collect();
        said.extend(service.release(&failed).await.into_iter().filter_map(Result::unwrap));
        let ending = |bit: u32| {
            batch
                .iter()
                .skip((n as usize + 1) % 3)
                .step_by(3)
                .map(move |(id, order)| (Uuid::from_u128(id.as_u128() | 1 << bit), order.clone()))
        };
        let (labelled, refunded): (Vec<_>, Vec<_>) = (ending(67).collect(), ending(68).take(1).collect());
        let (shipped, released) = tokio::join!(service.ship(&labelled), service.refund(&refunded));
        said.extend(shipped.into_iter().chain(released).filter_map(Result::unwrap));
        let id = (instance * 10_000 + n) | 1 << 66;
        let change =
            adjustment(id, ["red", "green", "blue"][n as usize % 3], if n % 2 == 0 { 5 } else { -4 });
        said.extend(service.adjust(&[change]).await.into_iter().filter_map(Result::unwrap));
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_at_once_never_oversell_and_the_log_adds_up() {
    let Some(server) = RedisServer::start() else { return };
    let seed = Service::new(server.state("test:at-once:").await);
    let stock: Vec<_> =
        (1..).zip(["red", "green", "blue"]).map(|(id, sku)| adjustment(id, sku, 100)).collect();
    let mut log: Vec<Past> = seed.adjust(&stock).await.into_iter().filter_map(Result::unwrap).collect();

    let mut instances = JoinSet::new();
    for instance in 1..=INSTANCES {
        instances.spawn(trade(Service::new(server.state("test:at-once:").await), instance));
    }
    while let Some(said) = instances.join_next().await {
        log.extend(said.unwrap());
    }

    let levels = seed.levels().await;
    assert_eq!(levels, domain::levels(log.iter().map(|past| (past.id, &past.fact))));
    assert!(levels.values().all(|level| level.is_sound()), "{levels:?}");
    let count = |kind: fn(&Fact) -> bool| log.iter().filter(|past| kind(&past.fact)).count();
    let reserved = count(|fact| matches!(fact, Fact::InventoryReserved(_)));
    let short = count(|fact| matches!(fact, Fact::InventoryShortage(_)));
    assert_eq!(reserved + short, 120 * INSTANCES as usize);
    let shipped = count(|fact| matches!(fact, Fact::InventoryShipped(_)));
    let released = count(|fact| matches!(fact, Fact::InventoryReleased(_)));
    assert!(
        shipped > 0 && released > 0 && shipped + released <= reserved,
        "{shipped} + {released} of {reserved}"
    );
    assert!(reserved > 0 && short > 0, "{reserved} reserved, {short} short: the test must meet both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_order_at_several_instances_is_reserved_once() {
    let Some(server) = RedisServer::start() else { return };
    let first = Service::new(server.state("test:same:").await);
    first.adjust(&[adjustment(1, "red", 1000)]).await;
    let all: Arc<Vec<_>> = Arc::new(
        (0..50).map(|n| (Uuid::from_u128(1 << 64 | n), order(Uuid::from_u128(n), &[("red", 2)]))).collect(),
    );
    let mut instances = JoinSet::new();
    for _ in 0..INSTANCES {
        let (service, all) = (Service::new(server.state("test:same:").await), all.clone());
        instances.spawn(async move { format!("{:?}", service.reserve(&all).await) });
    }
    let answers = instances.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let expected = BTreeMap::from([("red".to_owned(), Level { on_hand: 1000, reserved: 100 })]);
    assert_eq!(first.levels().await, expected);
}
