//! The opening side's keys: memory, then Redis, then the end of `customer.keys`.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use moka::sync::Cache;
use rdkafka::ClientConfig;
use redis::{AsyncCommands, aio::ConnectionManager};
use secrecy::ExposeSecret;
use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

use super::{
    DataKey, MasterKey, OpeningKeys,
    follower::{Follower, Question},
};
use crate::{
    codec::Codec, config::Common, events::WrappedKey, fault::Fault, runtime::Service, topics::CUSTOMER_KEYS,
};

/// Unwrapped keys in memory: how many, and for how long.
const CACHED: (u64, Duration) = (10_000, Duration::from_secs(600));
/// How long to wait for the topic's end before a key that is in no cache counts as absent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keys as `customer.keys` has them, cached in Redis under `<service>:keys:` and followed by a thread, which ends
/// when the last of these is dropped.
///
/// | key | holds |
/// |---|---|
/// | `keys:key:<key id>` | the record as it stands on the topic (Confluent-framed `WrappedKey`) |
/// | `keys:offsets` | hash of partition to the offset up to which the topic is in the cache |
///
/// They stand outside the state's generation: they follow from `customer.keys` alone, and mend themselves.
pub struct ReadingKeys {
    redis: ConnectionManager,
    prefix: String,
    codec: Arc<Codec>,
    master: MasterKey,
    cache: Cache<Uuid, (String, DataKey)>,
    questions: mpsc::Sender<Question>,
    patience: Duration,
}

impl ReadingKeys {
    /// Starts to follow `customer.keys` for the service `name`, with the master key its settings name.
    ///
    /// # Errors
    /// When the master key or the thread cannot be had.
    pub fn start(name: &str, common: &Common, service: &Service) -> Result<Self, Fault> {
        let master = MasterKey::from_setting(common.master_key_file.as_deref())?;
        let redis = redis::Client::open(common.redis.expose_secret())
            .map_err(|error| Fault::fatal("redis_client", "REDIS_URL is not one").caused_by(error))?;
        let names = common.names();
        let follower = Follower {
            kafka: consumer(service.kafka(), &names.group(&format!("{name}.keys"))),
            topic: names.topic(CUSTOMER_KEYS),
            redis,
            prefix: format!("{}keys:", names.keys(name)),
            cache: Cache::builder().max_capacity(CACHED.0).time_to_live(CACHED.1).build(),
        };
        Self::follow(follower, service.state().redis(), service.codec(), master)
    }

    fn follow(
        follower: Follower,
        redis: ConnectionManager,
        codec: Arc<Codec>,
        master: MasterKey,
    ) -> Result<Self, Fault> {
        let (questions, asked) = mpsc::channel();
        let (prefix, cache) = (follower.prefix.clone(), follower.cache.clone());
        thread::Builder::new().name("customer-keys".to_owned()).spawn(move || follower.run(&asked)).map_err(
            |error| Fault::fatal("no_thread", "cannot follow the customers' keys").caused_by(error),
        )?;
        Ok(Self { redis, prefix, codec, master, cache, questions, patience: PATIENCE })
    }

    async fn cached(&self, key_id: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.redis.clone().get(format!("{}key:{key_id}", self.prefix)).await?)
    }

    /// Waits until everything that is on the topic now is in Redis.
    async fn catch_up(&self) -> Result<(), Fault> {
        let behind = || Fault::transient("keys_behind", "the customers' keys are not read to their end yet");
        let (question, answer) = oneshot::channel();
        self.questions.send(question).map_err(|_| behind())?;
        timeout(self.patience, answer).await.map_err(|_| behind())?.map_err(|_| behind())
    }
}

#[async_trait]
impl OpeningKeys for ReadingKeys {
    async fn find(&self, customer_id: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault> {
        if let Some((_, key)) = self.cache.get(&key_id).filter(|(owner, _)| owner == customer_id) {
            return Ok(Some(key));
        }
        let mut found = self.cached(key_id).await?;
        if found.is_none() {
            self.catch_up().await?;
            found = self.cached(key_id).await?;
        }
        let Some(value) = found else { return Ok(None) };
        let wrapped: WrappedKey = self.codec.decode(&value)?;
        if wrapped.customer_id != customer_id || wrapped.key_id != key_id {
            return Err(Fault::poison("key_unreadable", format!("data key {key_id} is another customer's")));
        }
        let key = self.master.unwrap_key(&wrapped)?;
        self.cache.insert(key_id, (customer_id.to_owned(), key.clone()));
        Ok(Some(key))
    }
}

/// A consumer that meets every partition's end and holds little in memory. The group's name is only a name: nothing
/// is committed.
fn consumer(mut config: ClientConfig, group: &str) -> ClientConfig {
    config.set("group.id", group);
    for (name, value) in [
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "earliest"),
        ("enable.partition.eof", "true"),
        ("allow.auto.create.topics", "false"),
        // An end is met only when a fetch comes back empty.
        ("fetch.wait.max.ms", "100"),
        ("fetch.error.backoff.ms", "10"),
        ("queued.min.messages", "1000"),
        ("queued.max.messages.kbytes", "4096"),
    ] {
        config.set(name, value);
    }
    config
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
