//! What the reading side promises.

use std::{collections::BTreeMap, time::Duration};

use orderflow_testkit::RedisServer;
use redis::AsyncCommands;

use super::*;
use crate::sealed::{
    SealingKeys,
    bench::{Bench, LONG},
    open, seal,
};

fn person() -> crate::sealed::Person {
    serde_json::from_str(
        r#"{"name":"Ada","email":"ada@shop.example","address":{"line1":"1 Way","city":"York","country":"GB"}}"#,
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_side_seals_the_other_side_opens() {
    let Some(bench) = Bench::start(3).await else { return };
    let (writing, reading) = (bench.writing(), bench.reading(LONG));
    let order = Uuid::new_v4();
    for customer in ["c1", "c2", "c3", "c4"] {
        let (key_id, key) = writing.current(customer).await.unwrap();
        let sealed = seal(&key, key_id, order, &person()).unwrap();
        let found = reading.find(customer, sealed.key_id).await.unwrap().expect("a key");
        assert_eq!(open(&found, order, &sealed).unwrap(), person());
        assert_eq!(writing.current(customer).await.unwrap().0, key_id, "the key stays");
        assert_eq!(bench.writing().current(customer).await.unwrap().0, key_id, "for a restart too");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_customer_is_not_given_out() {
    let Some(bench) = Bench::start(1).await else { return };
    let (key_id, _) = bench.writing().current("c1").await.unwrap();
    let reading = bench.reading(LONG);
    assert_eq!(reading.find("c2", key_id).await.unwrap_err().code(), "key_unreadable");
    assert!(reading.find("c1", key_id).await.unwrap().is_some());
    assert_eq!(reading.find("c2", key_id).await.unwrap_err().code(), "key_unreadable");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_key_is_absent_and_so_is_one_that_never_was() {
    let Some(bench) = Bench::start(1).await else { return };
    let (key_id, _) = bench.writing().current("c1").await.unwrap();
    let reading = bench.reading(LONG);
    assert!(reading.find("c1", key_id).await.unwrap().is_some());
    assert!(reading.find("c1", Uuid::new_v4()).await.unwrap().is_none());
    bench.erase("c1", key_id).await;
    // Asking for anything reads to the end, past the tombstone.
    assert!(reading.find("c1", Uuid::new_v4()).await.unwrap().is_none());
    assert!(reading.find("c1", key_id).await.unwrap().is_none(), "gone from memory and from Redis");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_back_after_a_flush_but_erased_ones_do_not() {
    let Some(bench) = Bench::start(2).await else { return };
    let writing = bench.writing();
    let (kept, _) = writing.current("c1").await.unwrap();
    let (erased, _) = writing.current("c2").await.unwrap();
    bench.erase("c2", erased).await;
    let reading = bench.reading(LONG);
    assert!(reading.find("c1", kept).await.unwrap().is_some());
    bench.flush().await;
    let reading = bench.reading(LONG);
    assert!(reading.find("c1", kept).await.unwrap().is_some());
    assert!(reading.find("c2", erased).await.unwrap().is_none());
    let saved: BTreeMap<i32, i64> = bench.redis.clone().hgetall("test:shipping:keys:offsets").await.unwrap();
    assert_eq!(saved.values().sum::<i64>(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_called_absent_while_the_topic_cannot_be_read() {
    let Some(bench) = Bench::start(1).await else { return };
    bench.broker.broker_down(1).unwrap();
    let reading = bench.reading(Duration::from_millis(300));
    let fault = reading.find("c1", Uuid::new_v4()).await.unwrap_err();
    assert_eq!((fault.code(), fault.consequence()), ("keys_behind", crate::fault::Consequence::Transient));
    bench.broker.broker_up(1).unwrap();
    let reading = bench.reading(LONG);
    assert!(reading.find("c1", Uuid::new_v4()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_slower_instance_does_not_bring_an_erased_key_back() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = redis::Client::open(server.url()).unwrap().get_connection_manager().await.unwrap();
    let follow = redis::Script::new(include_str!("follow.lua"));
    let mut write = async |first: i64, end: i64, records: &[(i64, &str)]| -> i64 {
        let mut call = follow.key("k:");
        call.key("offsets").arg(0).arg(first).arg(end);
        for (offset, value) in records {
            call.arg(*offset).arg("c1").arg("id").arg(*value);
        }
        call.invoke_async(&mut redis).await.unwrap()
    };
    assert_eq!(write(0, 2, &[(0, "key"), (1, "")]).await, 1);
    assert_eq!(write(0, 1, &[(0, "key")]).await, 1, "an older stretch changes nothing");
    assert_eq!(write(5, 6, &[(5, "key")]).await, 0, "a gap is refused");
    assert_eq!(write(2, 4, &[(3, "")]).await, 1);
    let keys: Vec<String> = redis.keys("*").await.unwrap();
    assert_eq!(keys, ["offsets"]);
}
