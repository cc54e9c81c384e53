//! A service that cannot work says why and ends; one whose servers are not there yet waits, and says for what.

use orderflow::{
    admin::{Broker, Choices, differences, wanted},
    catalogue::Catalogue,
    registry::Registry,
    state::State,
    topics::{FRAUD, Names},
};
use orderflow_cli::contracts;
use orderflow_stack::Servers;
use orderflow_tests::{
    alone::Alone,
    options,
    raw::{self, Raw},
    servers::{self, connection},
};

#[tokio::test]
async fn missing_topics_are_named_with_the_way_to_make_them() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    register(servers, &prefix).await;
    let said = Alone::start(&connection(servers, &prefix)).await.refuses().await;
    assert!(said.contains(&format!("{prefix}fraud")) && said.contains("orderflow topics apply"), "{said}");
}

#[tokio::test]
async fn missing_schemas_are_named_with_the_way_to_register_them() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    let said = Alone::start(&connection(servers, &prefix)).await.refuses().await;
    let record = "orderflow.inventory.InventoryReserved";
    assert!(said.contains(record) && said.contains("orderflow schemas register"), "{said}");
}

#[tokio::test]
async fn a_schema_that_does_not_fit_is_named() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    // Somebody else's idea of the record stands in its place.
    let record = "orderflow.fraud.OrderValidatedForFraud";
    let subject = Registry::subject(&Names::new(prefix.clone()).topic(FRAUD), record);
    let foreign = r#"{"type": "record", "namespace": "orderflow.fraud", "name": "OrderValidatedForFraud",
        "fields": [{"name": "verdict", "type": "string"}]}"#;
    let registry = connection(servers, "").registry().unwrap();
    registry.register(&subject, foreign).await.unwrap();
    register(servers, &prefix).await;
    let said = Alone::start(&connection(servers, &prefix)).await.refuses().await;
    assert!(said.contains(record) && said.contains("incompatible"), "{said}");
}

#[tokio::test]
async fn state_of_another_kafka_cluster_is_not_touched() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    register(servers, &prefix).await;
    let client = connection(servers, &prefix).servers.redis.client();
    let redis = client.get_connection_manager().await.unwrap();
    State::new(redis, Names::new(prefix.clone()).keys("inventory"))
        .initialise("another-cluster")
        .await
        .unwrap();
    let said = Alone::start(&connection(servers, &prefix)).await.refuses().await;
    assert!(said.contains("another-cluster"), "{said}");
}

#[tokio::test]
async fn a_group_whose_next_records_are_gone_stops_and_says_so() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    register(servers, &prefix).await;
    let config = connection(servers, &prefix).kafka_config();
    let (topic, group) = (format!("{prefix}fraud"), format!("{prefix}inventory"));
    let mut last = raw::write(&config, &topic, Raw::new("k", None)).await;
    for _ in 0..9 {
        last = raw::write(&config, &topic, Raw::new("k", None)).await;
    }
    // The group has read three of ten; the first eight are gone.
    raw::commit(&config, &group, &topic, last.partition, 3).await;
    raw::delete_before(&config, &topic, last.partition, 8).await;
    let said = Alone::start(&connection(servers, &prefix)).await.refuses().await;
    assert!(said.contains("are gone from the topic"), "{said}");
}

#[tokio::test]
async fn a_service_waits_for_kafka_with_a_message_and_is_ready_once_it_is_there() {
    let (servers, prefix) = (servers::own_kafka().await, options().prefix);
    apply(&servers, &prefix).await;
    register(&servers, &prefix).await;
    let broker = servers.kafka.as_ref().unwrap();
    broker.stop().await;

    let alone = Alone::start(&connection(&servers, &prefix)).await;
    alone.says(&format!("waiting for Kafka at {}", servers.kafka_bootstrap)).await;
    assert!(alone.process.is_running());

    broker.start_again().await.unwrap();
    alone.gets_ready_and_ends().await;
}

async fn apply(servers: &Servers, prefix: &str) {
    let choices = Choices { partitions: Some(1), replication: None, min_in_sync: None };
    let wanted = wanted(&Catalogue::load().unwrap(), &Names::new(prefix), &choices);
    let broker = Broker::new(&connection(servers, prefix).kafka_config()).unwrap();
    let found = broker.find(&wanted).await.unwrap();
    let left = broker.apply(&differences(&wanted, &found, &choices), &found, false).await.unwrap();
    assert_eq!(left, []);
}

async fn register(servers: &Servers, prefix: &str) {
    let registry = connection(servers, "").registry().unwrap();
    let survey = contracts::survey(&registry, &Names::new(prefix)).await.unwrap();
    contracts::register(&registry, &survey).await.unwrap();
}
