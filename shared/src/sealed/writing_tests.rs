//! What the sealing side promises.

use redis::AsyncCommands;

use super::*;
use crate::sealed::{
    OpeningKeys,
    bench::{Bench, LONG},
    tests::master_key,
};

fn candidate(customer: &str) -> WrappedKey {
    master_key().new_data_key(customer, Timestamp::from_microsecond(1_700_000_000_000_001).unwrap()).unwrap()
}

/// Returns once an instance has read what is on the topic now.
async fn heard(keys: &WritingKeys) {
    keys.following.catch_up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_on_the_log_wins_and_one_that_is_not_there_is_replaced() {
    let Some(bench) = Bench::start(1).await else { return };
    let keys = bench.writing();
    let (store, at) = (&keys.store, &keys.following.offsets().await.unwrap());
    let (first, second, third) = (candidate("c1"), candidate("c1"), candidate("c1"));
    assert_eq!(store.claim(&first, at).await.unwrap(), Some(first.clone()));
    assert_eq!(
        store.claim(&second, at).await.unwrap(),
        Some(second.clone()),
        "nobody else publishes the first"
    );
    store.mark_published(&first).await.unwrap();
    assert_eq!(store.claim(&third, at).await.unwrap(), Some(third.clone()), "a mark is for its own key");
    store.mark_published(&third).await.unwrap();
    assert_eq!(store.claim(&first, at).await.unwrap(), Some(third));
    let other = candidate("c2");
    assert_eq!(store.claim(&other, at).await.unwrap(), Some(other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lives_for_35_days_after_its_last_order() {
    let Some(bench) = Bench::start(1).await else { return };
    bench.writing().current("c1").await.unwrap();
    let life: i64 = bench.redis.clone().ttl("test:intake:keys:of:c1").await.unwrap();
    assert!((KEEP.as_secs() as i64 - 60..=KEEP.as_secs() as i64).contains(&life), "{life}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_returns_after_erasure_gets_a_new_key_at_every_instance() {
    let Some(bench) = Bench::start(1).await else { return };
    let (one, other) = (bench.writing(), bench.writing());
    let (erased, _) = one.current("c1").await.unwrap();
    let (untouched, _) = one.current("c2").await.unwrap();
    assert_eq!(other.current("c1").await.unwrap().0, erased);
    bench.erase("c1", erased).await;
    heard(&one).await;
    heard(&other).await;
    let (new, _) = one.current("c1").await.unwrap();
    assert_ne!(new, erased);
    assert_eq!(other.current("c1").await.unwrap().0, new);
    assert_eq!(bench.writing().current("c1").await.unwrap().0, new, "nor does it come back with a restart");
    assert_eq!(one.current("c2").await.unwrap().0, untouched);
    let reading = bench.reading(LONG);
    assert!(reading.find("c1", erased).await.unwrap().is_none());
    assert!(reading.find("c1", new).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_of_an_older_key_leaves_the_current_one() {
    let Some(bench) = Bench::start(1).await else { return };
    let keys = bench.writing();
    let (erased, _) = keys.current("c1").await.unwrap();
    bench.erase("c1", erased).await;
    heard(&keys).await;
    let (current, _) = keys.current("c1").await.unwrap();
    bench.erase("c1", erased).await; // as an erasure that is repeated does
    heard(&keys).await;
    assert_eq!(keys.current("c1").await.unwrap().0, current);
    assert_eq!(bench.writing().current("c1").await.unwrap().0, current);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_written_while_nobody_ran_is_obeyed_before_the_first_order() {
    let Some(bench) = Bench::start(1).await else { return };
    let (erased, _) = bench.writing().current("c1").await.unwrap();
    bench.erase("c1", erased).await;
    assert_ne!(bench.writing().current("c1").await.unwrap().0, erased);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_does_not_bring_an_erased_key_back() {
    let Some(bench) = Bench::start(1).await else { return };
    let keys = bench.writing();
    let (erased, _) = keys.current("c1").await.unwrap();
    bench.erase("c1", erased).await;
    heard(&keys).await;
    bench.flush().await;
    let (new, _) = keys.current("c1").await.unwrap();
    assert_ne!(new, erased);
    assert_eq!(bench.writing().current("c1").await.unwrap().0, new);
    assert!(bench.reading(LONG).find("c1", erased).await.unwrap().is_none());
}

/// Redis restarts behind its append-only file, or a replica that was behind takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_goes_back_in_time_does_not_bring_an_erased_key_back() {
    let Some(bench) = Bench::start(1).await else { return };
    let (keys, reading) = (bench.writing(), bench.reading(LONG));
    let (erased, _) = keys.current("c1").await.unwrap();
    assert!(reading.find("c1", erased).await.unwrap().is_some());
    let mut redis = bench.redis.clone();
    let mut before = Vec::new();
    for key in redis.keys::<_, Vec<String>>("*").await.unwrap() {
        let dump: Vec<u8> = redis::cmd("DUMP").arg(&key).query_async(&mut redis).await.unwrap();
        before.push((key, dump));
    }
    bench.erase("c1", erased).await;
    heard(&keys).await;
    reading.catch_up().await.unwrap();
    bench.flush().await;
    for (key, dump) in before {
        let () = redis::cmd("RESTORE").arg(key).arg(0).arg(dump).query_async(&mut redis).await.unwrap();
    }
    assert_ne!(keys.current("c1").await.unwrap().0, erased);
    assert!(reading.find("c1", erased).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_while_nobody_hears_of_tombstones() {
    let Some(bench) = Bench::start(1).await else { return };
    let (known, _) = bench.writing().current("c1").await.unwrap();
    bench.broker.broker_down(1).unwrap();
    let mut keys = bench.writing();
    keys.following.patience = Duration::from_millis(300);
    let fault = keys.current("c1").await.unwrap_err();
    assert_eq!((fault.code(), fault.consequence()), ("keys_behind", crate::fault::Consequence::Transient));
    bench.broker.broker_up(1).unwrap();
    assert_eq!(bench.writing().current("c1").await.unwrap().0, known);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_the_end_has_read_what_was_there_when_it_asked() {
    let Some(bench) = Bench::start(3).await else { return };
    let (writing, reading) = (bench.writing(), bench.reading(LONG));
    for customer in 0..5 {
        let customer = format!("c{customer}");
        let (key_id, _) = writing.current(&customer).await.unwrap();
        assert!(reading.find(&customer, key_id).await.unwrap().is_some());
        bench.erase(&customer, key_id).await;
        reading.catch_up().await.unwrap();
        assert!(reading.find(&customer, key_id).await.unwrap().is_none(), "{customer}");
    }
}
