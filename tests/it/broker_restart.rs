//! A broker that restarts in mid-flow.
//!
//! Exactly-once it is one of two: when the only broker of a cluster goes while a transaction is being committed, Kafka
//! itself may leave that transaction hanging (`ARCHITECTURE.md`, "Transactions").

use std::time::Duration;

use orderflow::config::Delivery;
use orderflow_cli::environment::Options;
use orderflow_stack::servers::Server;
use orderflow_tests::{Shop, options, servers, waiting::eventually};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rstest::rstest;

/// The second broker's node id.
const SECOND: i32 = 2;

/// How the broker ends.
enum Ending {
    Asked,
    Crash,
}

#[rstest]
#[case::asked(Ending::Asked)]
#[case::by_a_crash(Ending::Crash)]
#[tokio::test]
async fn a_restart_of_one_of_two_brokers_loses_and_doubles_nothing_exactly_once(#[case] ending: Ending) {
    let servers = servers::own_kafka_pair().await;
    let shop = Shop::open_on(&servers, options()).await;
    let second = &servers.other_brokers[0];
    matters(&shop, second).await;
    restart_in_mid_flow(shop, second, ending).await;
}

#[rstest]
#[case::asked(Ending::Asked)]
#[case::by_a_crash(Ending::Crash)]
#[tokio::test]
async fn a_restart_of_the_only_broker_loses_and_doubles_nothing_at_least_once(#[case] ending: Ending) {
    let servers = servers::own_kafka().await;
    let shop = Shop::open_on(&servers, Options { delivery: Delivery::AtLeastOnce, ..options() }).await;
    restart_in_mid_flow(shop, servers.kafka.as_ref().unwrap(), ending).await;
}

async fn restart_in_mid_flow(shop: Shop, broker: &Server, ending: Ending) {
    let load = shop.load(50);
    load.reached(20).await;
    match ending {
        Ending::Asked => broker.stop().await,
        Ending::Crash => broker.crash(),
    }
    broker.start_again().await.unwrap();
    shop.close(&load.all().await).await;
}

/// Holds the second broker to what the test is about: it leads partitions of the shop's topics and coordinates groups
/// or transactions of its services. The latter by its own log, since no client of ours can ask who coordinates.
async fn matters(shop: &Shop, second: &Server) {
    let prefix = shop.environment().names().group("");
    let (transaction, join) =
        (format!("Initialized transactionalId {prefix}"), format!("joins group {prefix}"));
    eventually("the second broker to lead and coordinate", async || {
        let log = std::fs::read_to_string(second.log()).unwrap();
        let (partitions, transactions, joins) =
            (leads(shop, &prefix), log.matches(&transaction).count(), log.matches(&join).count());
        let seen =
            format!("{partitions} partitions, {transactions} transactional ids, {joins} joins of groups");
        println!("the second broker has {seen}");
        if partitions > 0 && transactions + joins > 0 { Ok(()) } else { Err(seen) }
    })
    .await;
}

/// How many partitions of the shop's topics the second broker leads.
fn leads(shop: &Shop, prefix: &str) -> usize {
    let consumer: BaseConsumer = shop.kafka().create().unwrap();
    let metadata = consumer.fetch_metadata(None, Duration::from_secs(10)).unwrap();
    let own = metadata.topics().iter().filter(|topic| topic.name().starts_with(prefix));
    own.flat_map(|topic| topic.partitions()).filter(|partition| partition.leader() == SECOND).count()
}
