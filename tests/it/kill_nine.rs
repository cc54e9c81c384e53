//! `kill -9` in mid-flow: nothing lost, nothing doubled.

use orderflow::config::Delivery;
use orderflow_cli::environment::{Options, SERVICES};
use orderflow_tests::{Shop, options};
use rstest::rstest;

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn killing_each_service_in_turn_loses_and_doubles_nothing(#[case] delivery: Delivery) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    let load = shop.load(20 * SERVICES.len());
    for (index, service) in SERVICES.iter().enumerate() {
        load.reached(20 * index + 10).await;
        let name = format!("{service}-0");
        shop.kill(&name);
        shop.start_again(&name).await;
    }
    shop.close(&load.all().await).await;
}

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn killing_everything_at_once_loses_and_doubles_nothing(#[case] delivery: Delivery) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    let load = shop.load(40);
    load.reached(15).await;
    let names = SERVICES.map(|service| format!("{service}-0"));
    names.iter().for_each(|name| shop.kill(name));
    futures::future::join_all(names.iter().map(|name| shop.start_again(name))).await;
    shop.close(&load.all().await).await;
}
