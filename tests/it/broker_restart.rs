//! A broker that restarts in mid-flow.

use orderflow::config::Delivery;
use orderflow_cli::environment::Options;
use orderflow_tests::{Shop, options, servers};
use rstest::rstest;

/// How the broker ends.
enum Ending {
    Asked,
    Crash,
}

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce, Ending::Asked)]
#[case::exactly_once_by_a_crash(Delivery::ExactlyOnce, Ending::Crash)]
#[case::at_least_once(Delivery::AtLeastOnce, Ending::Asked)]
#[tokio::test]
async fn a_broker_restart_in_mid_flow_loses_and_doubles_nothing(
    #[case] delivery: Delivery,
    #[case] ending: Ending,
) {
    let servers = servers::own_kafka().await;
    let shop = Shop::open_on(&servers, Options { delivery, ..options() }).await;
    let load = shop.load(50);
    load.reached(20).await;
    let broker = servers.kafka.as_ref().unwrap();
    match ending {
        Ending::Asked => broker.stop().await,
        Ending::Crash => broker.crash(),
    }
    broker.start_again().await.unwrap();
    shop.close(&load.all().await).await;
}
