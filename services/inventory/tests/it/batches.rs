//! One SKU, or one order, several times in one call.

use std::collections::BTreeMap;

use inventory::{
    FoldStock, Past,
    domain::{Fact, Level, MOST_UNITS},
};
use jiff::Timestamp;
use orderflow::{events::StockAdjusted, state::State};
use orderflow_testkit::RedisServer;
use redis::AsyncCommands;
use uuid::Uuid;

use crate::service::{Service, adjustment, order};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// How often Redis ran these commands since it was asked last, in scripts or outside.
async fn ran<const N: usize>(state: &State, commands: [&str; N]) -> [usize; N] {
    let mut redis = state.redis();
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut redis).await.unwrap();
    let () = redis::cmd("CONFIG").arg("RESETSTAT").query_async(&mut redis).await.unwrap();
    commands.map(|command| {
        let stem = format!("cmdstat_{command}:calls=");
        let calls = stats.lines().find_map(|line| line.strip_prefix(&stem)?.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    })
}

#[tokio::test]
async fn a_sku_that_a_whole_batch_wants_is_read_once_and_written_once() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:once:").await);
    service.adjust(&[adjustment(1, "red", 30), adjustment(2, "red", 10), adjustment(3, "blue", 99)]).await;
    let orders: Vec<_> = (0..50).map(|n| (id(100 + n), order(id(n), &[("red", 1), ("blue", 1)]))).collect();
    ran(&service.state, []).await;

    let answers = service.reserve(&orders).await;
    let is_reserved = |past: &Past| matches!(past.fact, Fact::InventoryReserved(_));
    let reserved = answers.iter().filter(|answer| is_reserved(answer.as_ref().unwrap().as_ref().unwrap()));
    assert_eq!(reserved.count(), 40, "each order sees what those before it left");
    assert_eq!(ran(&service.state, ["hmget", "hincrby", "hset", "persist"]).await, [50 + 2, 2, 50, 0]);

    service.release(&orders[..10]).await;
    assert_eq!(ran(&service.state, ["hmget", "hincrby", "hset", "hdel"]).await, [10, 2, 10, 0]);
    service.ship(&orders[10..20]).await;
    assert_eq!(ran(&service.state, ["hmget", "hincrby", "hset", "hdel"]).await, [10, 4, 10, 0]);
    let levels =
        [("blue", Level { on_hand: 89, reserved: 20 }), ("red", Level { on_hand: 30, reserved: 20 })];
    assert_eq!(service.levels().await, BTreeMap::from(levels.map(|(sku, level)| (sku.to_owned(), level))));
}

#[tokio::test]
async fn an_order_that_comes_twice_in_a_batch_counts_once() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:twice:").await);
    service.adjust(&[adjustment(1, "red", 10), adjustment(1, "red", 10)]).await;
    let (one, other) = (order(id(1), &[("red", 4)]), order(id(2), &[("red", 6)]));
    let wanted = [(id(100), one.clone()), (id(101), one.clone()), (id(102), other.clone())];
    let said = service.reserve(&wanted).await;
    let facts: Vec<_> = said.into_iter().map(|past| format!("{:?}", past.unwrap().unwrap().fact)).collect();
    assert_eq!(facts[0], facts[1]);
    assert_eq!(service.levels().await["red"], Level { on_hand: 10, reserved: 10 });

    let freed = service.release(&[(id(200), one.clone()), (id(200), one.clone()), (id(201), one)]).await;
    assert_eq!(freed.iter().filter(|past| past.as_ref().unwrap().is_some()).count(), 2);
    service.ship(&[(id(300), other.clone()), (id(300), other)]).await;
    assert_eq!(service.levels().await["red"], Level { on_hand: 4, reserved: 0 });
}

#[tokio::test]
async fn a_reservation_of_an_order_whose_end_alone_is_known_does_not_expire() {
    let Some(server) = RedisServer::start() else { return };
    let live = Service::new(server.state("test:ended:").await);
    live.adjust(&[adjustment(1, "red", 10)]).await;
    let order = order(id(1), &[("red", 4)]);
    live.reserve(&[(id(100), order.clone())]).await;
    let freed = live.release(&[(id(200), order.clone())]).await.remove(0).unwrap().unwrap();

    let rebuilt = Service::new(server.state("test:ended:rebuilt:").await);
    rebuilt.adjust(&[adjustment(1, "red", 10)]).await;
    FoldStock::restore(&rebuilt.state, &[freed]).await.unwrap();
    let key = rebuilt.state.key(&format!("order:{}", id(1)));
    assert!(rebuilt.state.redis().ttl::<_, i64>(&key).await.unwrap() > 0);
    rebuilt.reserve(&[(id(100), order.clone())]).await;
    assert_eq!(rebuilt.state.redis().ttl::<_, i64>(&key).await.unwrap(), -1);
    rebuilt.release(&[(id(200), order)]).await;
    assert_eq!(rebuilt.levels().await["red"], Level { on_hand: 10, reserved: 0 });
}

#[tokio::test]
async fn a_rebuild_counts_exactly_beyond_what_lua_can() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:exact:").await);
    let adjusted = |(n, delta)| {
        let fact = StockAdjusted {
            sku: "red".to_owned(),
            delta,
            kind: "correction".to_owned(),
            on_hand: 0,
            reserved: 0,
            adjusted_at: Timestamp::UNIX_EPOCH,
        };
        Past::now(id(n), Some(id(100 + n)), fact.into())
    };
    let log: Vec<Past> = (0..)
        .zip([MOST_UNITS, MOST_UNITS, -11, -MOST_UNITS, MOST_UNITS, -MOST_UNITS])
        .map(adjusted)
        .collect();
    FoldStock::restore(&service.state, &log).await.unwrap();
    assert_eq!(service.levels().await["red"].on_hand, MOST_UNITS - 11);
}
