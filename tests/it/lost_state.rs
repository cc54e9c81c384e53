//! Redis may forget everything, at any moment: the state comes back from the log.

use futures::future::join_all;
use orderflow::{config::Delivery, topics::ORDERS};
use orderflow_cli::{
    environment::{Options, SERVICES},
    log::Place,
};
use orderflow_tests::{
    Request, Shop, eventually, options,
    raw::{self, Raw},
    servers::{self, flush},
};
use rstest::rstest;

#[rstest]
#[case::one_instance_each(1, Delivery::ExactlyOnce)]
#[case::one_instance_each_at_least_once(1, Delivery::AtLeastOnce)]
#[case::two_instances_each(2, Delivery::ExactlyOnce)]
#[tokio::test]
async fn flushall_in_mid_flow_is_healed_from_the_log(#[case] instances: usize, #[case] delivery: Delivery) {
    let servers = servers::own_redis().await;
    let instances = SERVICES.map(|service| (service, instances)).into();
    let shop = Shop::open_on(&servers, Options { instances, delivery, ..options() }).await;
    let load = shop.load(60);
    for orders in [15, 35] {
        load.reached(orders).await;
        flush(&servers).await;
    }
    shop.close(&load.all().await).await;
}

/// Whoever rebuilds waits for the others to settle what they have begun, but not for ever: it fences those that hang.
#[tokio::test]
async fn a_rebuild_does_not_wait_for_an_instance_that_hangs() {
    let servers = servers::own_redis().await;
    let instances = SERVICES[1..].iter().map(|service| (*service, 2)).collect();
    let shop = Shop::open_on(&servers, Options { instances, ..options() }).await;
    let load = shop.load(40);
    load.reached(15).await;
    let hanging: Vec<_> =
        SERVICES[1..].iter().map(|service| shop.instance(&format!("{service}-1"))).collect();
    hanging.iter().for_each(|instance| instance.process().unwrap().freeze());
    flush(&servers).await;
    let placed = load.all().await;
    shop.settled(&placed).await;
    hanging.iter().for_each(|instance| instance.process().unwrap().thaw());
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_crash_of_everything_right_after_a_flush_is_healed_at_the_start() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let load = shop.load(40);
    load.reached(15).await;
    flush(&servers).await;
    let names = SERVICES.map(|service| format!("{service}-0"));
    names.iter().for_each(|name| shop.kill(name));
    join_all(names.iter().map(|name| shop.start_again(name))).await;
    shop.close(&load.all().await).await;
}

#[tokio::test]
async fn a_redis_that_stops_and_comes_back_empty_is_healed_from_the_log() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let load = shop.load(50);
    load.reached(15).await;
    let redis = servers.redis.as_ref().unwrap();
    redis.crash();
    redis.start_again().await.unwrap();
    shop.close(&load.all().await).await;
}

#[tokio::test]
async fn a_flush_while_nothing_happens_is_healed_before_the_next_order() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    // What is left of it must still be known after the flush.
    let first = shop.place(&orderflow_tests::Request::for_lines(&[("LAST", 2)])).await;
    shop.settled(&[first]).await;
    flush(&servers).await;
    let mut second = orderflow_tests::Request::for_lines(&[("LAST", 2)]);
    second.becomes = orderflow::order_state::State::OutOfStock;
    let second = shop.place(&second).await;
    shop.close(&[first, second]).await;
}

/// Found by the fault matrix (seed 2): poison on a topic that a state is made from, then a Redis that forgets. The services
/// began their rebuilds again and again, and no order was accepted any more.
#[tokio::test]
async fn what_nobody_can_read_does_not_stop_a_rebuild() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let mut placed = vec![shop.place(&Request::good()).await];
    shop.settled(&placed).await;
    let good = shop.entries().into_iter().find(|entry| entry.record() == "OrderPlaced").unwrap().value;
    let cut = Raw::new("cut short", Some(good[..good.len() - 7].to_vec()));
    raw::write(&shop.kafka(), &shop.environment().names().topic(ORDERS), cut).await;
    // Of those who read it: fraud-scoring, order-status and recommendation.
    let letters = ["bad_avro"; 3];
    eventually("the dead letters", async || {
        let heard =
            shop.entries().iter().filter(|entry| matches!(entry.place, Place::DeadLetters(_))).count();
        if heard == letters.len() { Ok(()) } else { Err(heard) }
    })
    .await;
    flush(&servers).await;
    placed.push(shop.place(&Request::good()).await);
    shop.close_with_dead_letters(&placed, &letters).await;
}
