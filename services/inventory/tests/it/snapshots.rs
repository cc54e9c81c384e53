//! A snapshot, and what of the log comes behind it, is the whole log.

use std::collections::BTreeMap;

use inventory::{
    FoldStock, Past,
    snapshot::{Cut, apply, stage, take},
};
use jiff::Timestamp;
use orderflow::{
    events::{LogPlace, OpenReservation, StockSnapshot},
    fault::Consequence,
    state::State,
    topics::INVENTORY,
};
use orderflow_testkit::RedisServer;
use uuid::Uuid;

use crate::service::{Service, adjustment, order};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Everything a service says in a day in which orders are reserved, freed, shipped and refused.
async fn a_day(service: &Service) -> Vec<Past> {
    let mut said = service
        .adjust(&[adjustment(1, "blue", 40), adjustment(2, "red", 30), adjustment(3, "unsold", 5)])
        .await;
    for n in 0..12 {
        let order = order(id(n), &[("red", 2), ("blue", 1), ("red", 1)]);
        said.extend(service.reserve(&[(id(100 + n), order.clone())]).await);
        // A third stays reserved.
        match n % 3 {
            0 => said.extend(service.release(&[(id(200 + n), order)]).await),
            1 => said.extend(service.ship(&[(id(300 + n), order)]).await),
            _ => {}
        }
    }
    said.extend(service.adjust(&[adjustment(4, "red", -2), adjustment(5, "blue", 7)]).await);
    said.into_iter().filter_map(Result::unwrap).collect()
}

async fn restore(state: &State, past: &[Past], counts: bool) {
    let past: Vec<Past> = past.iter().map(|past| Past { counts, ..past.clone() }).collect();
    FoldStock::restore(state, &past).await.unwrap();
}

/// A snapshot of what this part of the log comes to.
async fn snapshot(state: &State, past: &[Past]) -> Vec<StockSnapshot> {
    restore(state, past, true).await;
    let folded = BTreeMap::from([((INVENTORY, 0), i64::try_from(past.len()).unwrap())]);
    take(state, &folded, Timestamp::UNIX_EPOCH).await.unwrap()
}

#[tokio::test]
async fn a_snapshot_and_the_rest_of_the_log_give_what_the_whole_log_gives() {
    let Some(server) = RedisServer::start() else { return };
    let live = Service::new(server.state("test:live:").await);
    let log = a_day(&live).await;
    let whole = server.state("test:whole:").await;
    let everything = snapshot(&whole, &log).await;
    for cut in [1, 9, log.len() / 2, log.len()] {
        let (before, after) = log.split_at(cut);
        let records = snapshot(&server.state(&format!("test:cut:{cut}:")).await, before).await;
        // Once with the records before the snapshot on the log still, once without them.
        for kept in [before, &[]] {
            let name = format!("test:rebuilt:{cut}:{}:", kept.len());
            let rebuilt = Service::new(server.state(&name).await);
            stage(&rebuilt.state, &records).await.unwrap();
            apply(&rebuilt.state).await.unwrap();
            restore(&rebuilt.state, kept, false).await;
            restore(&rebuilt.state, after, true).await;
            restore(&rebuilt.state, after, true).await; // any number of times
            assert_eq!(rebuilt.levels().await, live.levels().await, "cut at {cut}");
            let again = take(&rebuilt.state, &BTreeMap::new(), Timestamp::UNIX_EPOCH).await.unwrap();
            let open = |records: &[StockSnapshot]| -> Vec<Vec<OpenReservation>> {
                records.iter().map(|record| record.open.clone()).collect()
            };
            assert_eq!(open(&again), open(&everything), "cut at {cut}");
            assert!(again.iter().all(|record| record.number == 2));
        }
    }
}

#[tokio::test]
async fn an_order_that_was_open_in_a_snapshot_ends_once_and_repeats_are_answered() {
    let Some(server) = RedisServer::start() else { return };
    let live = Service::new(server.state("test:open:").await);
    let log = a_day(&live).await;
    let records = snapshot(&server.state("test:open:folded:").await, &log).await;
    let rebuilt = Service::new(server.state("test:open:rebuilt:").await);
    stage(&rebuilt.state, &records).await.unwrap();
    apply(&rebuilt.state).await.unwrap();
    restore(&rebuilt.state, &log, false).await;
    let (open, shipped) =
        (order(id(2), &[("red", 3), ("blue", 1)]), order(id(1), &[("red", 3), ("blue", 1)]));
    let before = rebuilt.levels().await;
    // Shipped before the snapshot: a repeat is answered as it was, and moves nothing.
    assert!(rebuilt.ship(&[(id(301), shipped)]).await.remove(0).unwrap().is_some());
    assert_eq!(rebuilt.levels().await, before);
    for _ in 0..2 {
        assert!(rebuilt.ship(&[(id(302), open.clone())]).await.remove(0).unwrap().is_some());
        let red = rebuilt.levels().await["red"];
        assert_eq!((red.on_hand, red.reserved), (before["red"].on_hand - 3, before["red"].reserved - 3));
    }
}

#[tokio::test]
async fn of_several_snapshots_the_newest_counts_and_only_as_a_whole() {
    let Some(server) = RedisServer::start() else { return };
    let record = |number, sku: &str, on_hand| StockSnapshot {
        sku: sku.to_owned(),
        on_hand,
        open: Vec::new(),
        number,
        skus: 2,
        includes: vec![LogPlace { topic: "inventory".to_owned(), partition: 3, next_offset: number * 10 }],
        taken_at: Timestamp::UNIX_EPOCH,
    };
    let service = Service::new(server.state("test:newest:").await);
    // As they stand on several partitions: of the older one a record comes after the newer ones.
    stage(&service.state, &[record(1, "red", 1), record(2, "red", 20)]).await.unwrap();
    stage(&service.state, &[record(1, "blue", 2)]).await.unwrap();
    let fault = apply(&service.state).await.unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Transient, "snapshot_incomplete"));
    stage(&service.state, &[record(2, "blue", 30)]).await.unwrap();
    apply(&service.state).await.unwrap();
    stage(&service.state, &[record(3, "blue", 99), record(3, "red", 99)]).await.unwrap(); // too late
    apply(&service.state).await.unwrap();
    let on_hand: Vec<i64> = service.levels().await.values().map(|level| level.on_hand).collect();
    assert_eq!(on_hand, [30, 20]);
    assert_eq!(
        Cut::of(&service.state).await.unwrap().places,
        BTreeMap::from([("inventory/3".to_owned(), 20)])
    );
}

#[test]
fn a_log_that_begins_behind_the_snapshot_is_refused() {
    let begins = |offset| BTreeMap::from([(0, 0), (3, offset)]);
    let cut = Cut { number: 2, places: BTreeMap::from([("inventory/3".to_owned(), 20)]) };
    assert!(cut.reaches(INVENTORY, &begins(20)).is_ok());
    let fault = cut.reaches(INVENTORY, &begins(21)).unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Fatal, "log_incomplete"));
    assert!(fault.to_string().contains("inventory/3 begins at offset 21"), "{fault}");
    assert!(Cut::default().reaches(INVENTORY, &begins(0)).is_ok());
    assert!(Cut::default().reaches(INVENTORY, &begins(1)).is_err(), "there is no snapshot at all");
}
