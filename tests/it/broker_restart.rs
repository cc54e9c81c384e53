//! A broker that restarts in mid-flow.
//!
//! A crash only under at-least-once: when the only broker of a cluster dies with a transaction half committed, Kafka
//! itself may leave that transaction hanging (`ARCHITECTURE.md`, "Transactions").

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
#[case::at_least_once(Delivery::AtLeastOnce, Ending::Asked)]
#[case::at_least_once_by_a_crash(Delivery::AtLeastOnce, Ending::Crash)]
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
