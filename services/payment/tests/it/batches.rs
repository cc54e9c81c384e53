//! Batches larger than one question to Redis, with an order twice in them.

use jiff::Timestamp;
use orderflow_testkit::RedisServer;
use payment::{
    domain::{
        Outcome, Phase,
        wait::{End, Known, Teller},
    },
    states::States,
};
use uuid::Uuid;

fn paid(intent_id: &str) -> Outcome {
    Outcome::Paid { at: Timestamp::UNIX_EPOCH, intent_id: intent_id.to_owned() }
}

#[tokio::test]
async fn an_order_twice_in_a_large_batch_is_as_its_first_has_left_it() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let states = States::new(state.clone());
    let at = Timestamp::UNIX_EPOCH;
    let mut orders: Vec<Uuid> = (0..2_500).map(Uuid::from_u128).collect();
    orders.push(orders[0]);
    let phases = |known: &[Known]| known.iter().map(|known| known.phase.clone()).collect::<Vec<_>>();

    let mut reserved: Vec<_> = orders.iter().map(|order| (*order, at)).collect();
    reserved[2_500].1 = Timestamp::MIN; // too late, were it the first
    let begun = states.begin(&reserved, at).await.unwrap();
    assert_eq!(phases(&begun), vec![Phase::Charging { intent_id: None }; 2_501]);

    let names: Vec<String> = (0..2_501).map(|n| format!("pi_{n}")).collect();
    let intents: Vec<_> = orders.iter().zip(&names).map(|(order, name)| (*order, name.as_str())).collect();
    let opened = phases(&states.opened(&intents).await.unwrap());
    let mut expected: Vec<_> =
        names.iter().map(|name| Phase::Charging { intent_id: Some(name.clone()) }).collect();
    expected[2_500] = expected[0].clone();
    assert_eq!(opened, expected);

    let end = |name: &String| End {
        outcome: paid(name),
        teller: Teller::Reservation,
        knows_wait: false,
        is_told: false,
    };
    let ends = orders.iter().zip(&names).map(|(order, name)| (*order, end(name))).collect();
    let settled = phases(&states.settle(ends).await.unwrap());
    let mut expected: Vec<_> = names.iter().map(|name| Phase::Settled(paid(name))).collect();
    expected[2_500] = expected[0].clone();
    assert_eq!(settled, expected);

    let mut redis = state.redis();
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut redis).await.unwrap();
    assert!(stats.contains("cmdstat_mget:calls=9,"), "three questions a batch: {stats}");
    assert!(stats.contains("cmdstat_hmget:calls=1,"), "of waits only where one may have been: {stats}");
}
