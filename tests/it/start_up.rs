//! A service that cannot work says why and ends; one whose servers are not there yet waits, and says for what.

use std::{path::Path, time::Duration};

use orderflow::{
    admin::{Broker, Choices, differences, wanted},
    catalogue::Catalogue,
    registry::Registry,
    state::State,
    topics::{FRAUD, Names},
};
use orderflow_cli::contracts;
use orderflow_stack::{Process, Servers, Spec, free_port};
use orderflow_tests::{
    eventually, options,
    raw::{self, Raw},
    servers,
};
use rdkafka::ClientConfig;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(60);

/// A service alone, in an environment that is only partly there.
struct Alone {
    process: Process,
    ready: String,
    _folder: TempDir,
}

impl Alone {
    async fn start(servers: &Servers, names: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let operators = format!("127.0.0.1:{}", free_port().unwrap());
        let env = [
            ("KAFKA_BOOTSTRAP_SERVERS", servers.kafka_bootstrap.as_str()),
            ("REDIS_URL", &servers.redis_url),
            ("SCHEMA_REGISTRY_URL", &servers.registry_url),
            ("ORDERFLOW_PREFIX", names),
            ("OPERATOR_LISTEN", &operators),
            ("INSTANCE_ID", "inventory-0"),
            ("LOG_FORMAT", "text"),
        ];
        let spec = Spec {
            name: "inventory-0".to_owned(),
            program: servers::binaries().await.path("inventory").unwrap(),
            env: env.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            log: folder.path().join("inventory.log"),
            ..Spec::default()
        };
        let process = Process::start(&spec).unwrap();
        Self { process, ready: format!("http://{operators}/health/ready"), _folder: folder }
    }

    /// What it says before it ends, with a failure.
    async fn refuses(&self) -> String {
        let status = self.process.wait(SOON).await.unwrap();
        let said = self.said();
        assert!(!status.success(), "it ended well, after:\n{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    fn said(&self) -> String {
        let log: &Path = self.process.log();
        std::fs::read_to_string(log).unwrap()
    }
}

#[tokio::test]
async fn missing_topics_are_named_with_the_way_to_make_them() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    register(servers, &prefix).await;
    let said = Alone::start(servers, &prefix).await.refuses().await;
    assert!(said.contains(&format!("{prefix}fraud")) && said.contains("orderflow topics apply"), "{said}");
}

#[tokio::test]
async fn missing_schemas_are_named_with_the_way_to_register_them() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    let said = Alone::start(servers, &prefix).await.refuses().await;
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
    let registry = Registry::new(&servers.registry_url).unwrap();
    registry.register(&subject, foreign).await.unwrap();
    register(servers, &prefix).await;
    let said = Alone::start(servers, &prefix).await.refuses().await;
    assert!(said.contains(record) && said.contains("incompatible"), "{said}");
}

#[tokio::test]
async fn state_of_another_kafka_cluster_is_not_touched() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    register(servers, &prefix).await;
    let client = redis::Client::open(servers.redis_url.as_str()).unwrap();
    let redis = client.get_connection_manager().await.unwrap();
    State::new(redis, Names::new(prefix.clone()).keys("inventory"))
        .initialise("another-cluster")
        .await
        .unwrap();
    let said = Alone::start(servers, &prefix).await.refuses().await;
    assert!(said.contains("another-cluster"), "{said}");
}

#[tokio::test]
async fn a_group_whose_next_records_are_gone_stops_and_says_so() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    apply(servers, &prefix).await;
    register(servers, &prefix).await;
    let config = kafka(servers);
    let (topic, group) = (format!("{prefix}fraud"), format!("{prefix}inventory"));
    let mut last = raw::write(&config, &topic, Raw::new("k", None)).await;
    for _ in 0..9 {
        last = raw::write(&config, &topic, Raw::new("k", None)).await;
    }
    // The group has read three of ten; the first eight are gone.
    raw::commit(&config, &group, &topic, last.partition, 3).await;
    raw::delete_before(&config, &topic, last.partition, 8).await;
    let said = Alone::start(servers, &prefix).await.refuses().await;
    assert!(said.contains("are gone from the topic"), "{said}");
}

#[tokio::test]
async fn a_service_waits_for_kafka_with_a_message_and_is_ready_once_it_is_there() {
    let (servers, prefix) = (servers::own_kafka().await, options().prefix);
    apply(&servers, &prefix).await;
    register(&servers, &prefix).await;
    let broker = servers.kafka.as_ref().unwrap();
    broker.stop().await;

    let alone = Alone::start(&servers, &prefix).await;
    let waits = format!("waiting for Kafka at {}", servers.kafka_bootstrap);
    eventually("a message that it waits", async || {
        let said = alone.said();
        if said.contains(&waits) { Ok(()) } else { Err(said) }
    })
    .await;
    assert!(alone.process.is_running());

    broker.start_again().await.unwrap();
    alone.process.wait_ready(&alone.ready, SOON).await.unwrap();
    alone.process.terminate();
    assert!(alone.process.wait(SOON).await.unwrap().success());
}

async fn apply(servers: &Servers, prefix: &str) {
    let choices = Choices { partitions: Some(1), replication: None, min_in_sync: None };
    let wanted = wanted(&Catalogue::load().unwrap(), &Names::new(prefix), &choices);
    let broker = Broker::new(&kafka(servers)).unwrap();
    let found = broker.find(&wanted).await.unwrap();
    let left = broker.apply(&differences(&wanted, &found, &choices), &found, false).await.unwrap();
    assert_eq!(left, []);
}

fn kafka(servers: &Servers) -> ClientConfig {
    ClientConfig::new().set("bootstrap.servers", &servers.kafka_bootstrap).clone()
}

async fn register(servers: &Servers, prefix: &str) {
    let registry = Registry::new(&servers.registry_url).unwrap();
    let survey = contracts::survey(&registry, &Names::new(prefix)).await.unwrap();
    contracts::register(&registry, &survey).await.unwrap();
}
