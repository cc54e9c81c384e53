//! Two instances of each service: partitions change hands under load.

use futures::future::join_all;
use orderflow::config::Delivery;
use orderflow_cli::environment::{Options, SERVICES};
use orderflow_tests::{Shop, options};
use rstest::rstest;

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn a_second_instance_joins_and_the_first_leaves_under_load(#[case] delivery: Delivery) {
    let shop = Shop::open(Options { delivery, partitions: Some(4), ..options() }).await;
    let load = shop.load(90);
    load.reached(15).await;
    let hops = &SERVICES[1..];
    join_all(hops.iter().map(|service| shop.environment().add(service, 1))).await.into_iter().for_each(
        |added| {
            added.unwrap();
        },
    );
    join_all(hops.iter().map(|service| shop.joined(service, 2))).await;
    load.reached(50).await;
    join_all(hops.iter().map(async |service| shop.terminate(&format!("{service}-0")).await)).await;
    shop.close(&load.all().await).await;
}

#[tokio::test]
async fn when_one_of_two_instances_is_killed_the_other_takes_over() {
    let instances = SERVICES[1..].iter().map(|service| (*service, 2)).collect();
    let shop = Shop::open(Options { instances, partitions: Some(4), ..options() }).await;
    let load = shop.load(50);
    load.reached(20).await;
    SERVICES[1..].iter().for_each(|service| shop.kill(&format!("{service}-1")));
    shop.close(&load.all().await).await;
}

/// Stopped for longer than its session lasts, then going on as if nothing had been: the others have its partitions now.
#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn an_instance_that_hangs_and_comes_back_doubles_nothing(#[case] delivery: Delivery) {
    let instances = SERVICES[1..].iter().map(|service| (*service, 2)).collect();
    let shop = Shop::open(Options { delivery, instances, partitions: Some(4), ..options() }).await;
    let load = shop.load(60);
    load.reached(20).await;
    let hanging: Vec<_> =
        SERVICES[1..].iter().map(|service| shop.instance(&format!("{service}-1"))).collect();
    hanging.iter().for_each(|instance| instance.process().unwrap().freeze());
    join_all(SERVICES[1..].iter().map(|service| shop.joined(service, 1))).await;
    let placed = load.all().await;
    shop.settled(&placed[..20]).await;
    hanging.iter().for_each(|instance| instance.process().unwrap().thaw());
    join_all(SERVICES[1..].iter().map(|service| shop.joined(service, 2))).await;
    shop.close(&placed).await;
}
