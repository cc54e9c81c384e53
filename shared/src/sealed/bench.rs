//! Both sides of the customers' keys on a real Redis. The broker is librdkafka's own mock: plain produce and fetch is all
//! that happens here (transactions would need a real one).

use std::{sync::Arc, time::Duration};

use orderflow_testkit::RedisServer;
use rdkafka::{
    ClientConfig,
    mocking::MockCluster,
    producer::{DefaultProducerContext, FutureProducer, FutureRecord},
};
use redis::aio::ConnectionManager;
use uuid::Uuid;

use super::{
    ReadingKeys, WritingKeys,
    following::{Source, consumer},
    tests::master_key,
};
use crate::{
    clock::Clock,
    codec::{Codec, Known},
    runtime::Publisher,
    topics::Names,
};

/// Beyond what anything takes.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// Both sides on one mock broker and one Redis.
pub(super) struct Bench {
    pub broker: MockCluster<'static, DefaultProducerContext>,
    server: RedisServer,
    pub redis: ConnectionManager,
    codec: Arc<Codec>,
}

impl Bench {
    pub async fn start(partitions: i32) -> Option<Self> {
        let server = RedisServer::start()?;
        let client = redis::Client::open(server.url()).unwrap();
        let redis = client.get_connection_manager().await.unwrap();
        let broker = MockCluster::new(1).unwrap();
        if partitions > 0 {
            broker.create_topic("customer.keys", partitions, 1).unwrap();
        }
        let name = "orderflow.customer.keys.WrappedKey";
        let schemas = crate::schemas::all().unwrap();
        let schema = &schemas.iter().find(|schema| schema.full_name == name).unwrap().schema;
        let mut codec = Codec::default();
        codec.allow_reading(7, Known { full_name: name.into(), schema: schema.parse().unwrap() });
        codec.allow_writing(name, 7);
        Some(Self { broker, server, redis, codec: Arc::new(codec) })
    }

    fn kafka(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.broker.bootstrap_servers());
        config
    }

    fn source(&self, prefix: &str) -> Source {
        Source {
            kafka: consumer(self.kafka(), "test.keys"),
            topic: "customer.keys".into(),
            redis: redis::Client::open(self.server.url()).unwrap(),
            prefix: prefix.into(),
        }
    }

    /// An instance of the sealing side.
    pub fn writing(&self) -> WritingKeys {
        let publisher = Publisher::new(self.kafka(), self.codec.clone(), Names::default()).unwrap();
        let source = self.source("test:intake:keys:");
        WritingKeys::follow(source, self.redis.clone(), publisher, master_key(), Clock::system()).unwrap()
    }

    /// An instance of the opening side, which waits so long for the broker.
    pub fn reading(&self, patience: Duration) -> ReadingKeys {
        let source = self.source("test:shipping:keys:");
        let mut keys =
            ReadingKeys::follow(source, self.redis.clone(), self.codec.clone(), master_key()).unwrap();
        keys.following.patience = patience;
        keys
    }

    pub async fn flush(&self) {
        let () = redis::cmd("FLUSHALL").query_async(&mut self.redis.clone()).await.unwrap();
    }

    /// Writes a tombstone, as an operator does.
    pub async fn erase(&self, customer: &str, key_id: Uuid) {
        // The publisher's partitioner: a tombstone must stand behind its key.
        let producer: FutureProducer = self.kafka().set("partitioner", "murmur2_random").create().unwrap();
        let key = format!("{customer}/{key_id}");
        let tombstone = FutureRecord::<String, ()>::to("customer.keys").key(&key);
        producer.send(tombstone, Duration::from_secs(5)).await.unwrap();
    }
}
