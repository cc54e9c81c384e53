//! SIGTERM: finish the batch, commit, leave the group.

use futures::future::join_all;
use orderflow::config::Delivery;
use orderflow_cli::environment::{Options, SERVICES};
use orderflow_tests::{Shop, options};
use rstest::rstest;

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn a_shutdown_under_load_is_clean_quick_and_leaves_the_group_at_once(#[case] delivery: Delivery) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    let load = shop.load(40);
    load.reached(15).await;
    let names = SERVICES.map(|service| format!("{service}-0"));
    join_all(names.iter().map(|name| shop.terminate(name))).await;
    for service in &SERVICES[1..] {
        // Not once its session has timed out: now.
        assert_eq!(shop.members(service).await, Vec::<String>::new(), "{service}");
    }
    join_all(names.iter().map(|name| shop.start_again(name))).await;
    shop.close(&load.all().await).await;
}
