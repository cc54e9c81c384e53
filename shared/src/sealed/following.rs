//! A service's end of the thread that follows `customer.keys`: how far it is, and waiting for it.

use std::{collections::BTreeMap, sync::mpsc, thread, time::Duration};

use rdkafka::ClientConfig;
use redis::Script;
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};
use uuid::Uuid;

use super::follower::{Follower, Question};
use crate::{config::Common, fault::Fault, runtime::Service, topics::CUSTOMER_KEYS};

/// Partition to the next offset that was not read.
pub(super) type Offsets = BTreeMap<i32, i64>;

/// How long to wait for the topic's end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the topic is, and where what follows from it goes.
pub(super) struct Source {
    /// How to reach Kafka.
    pub kafka: ClientConfig,
    /// The topic's name on the broker.
    pub topic: String,
    /// How to reach Redis.
    pub redis: redis::Client,
    /// The start of every key of ours in Redis, outside the state's generations: they follow from this topic alone, and
    /// mend themselves.
    pub prefix: String,
}

impl Source {
    /// That of the service `name`.
    pub(super) fn of(name: &str, common: &Common, service: &Service) -> Self {
        let names = common.names();
        Self {
            kafka: consumer(service.kafka(), &names.group(&format!("{name}.keys"))),
            topic: names.topic(CUSTOMER_KEYS),
            redis: common.servers.redis.client(),
            prefix: format!("{}keys:", names.keys(name)),
        }
    }

    /// The hash of partition to the offset up to which the topic is in Redis.
    pub(super) fn offsets(&self) -> String {
        format!("{}offsets", self.prefix)
    }
}

/// A thread that follows the topic, until this is dropped.
pub(super) struct Following {
    progress: watch::Receiver<Option<Offsets>>,
    questions: mpsc::Sender<Question>,
    /// How long to wait for the thread.
    pub(super) patience: Duration,
}

impl Following {
    /// Starts the thread: `fold` brings each stretch into the keys below `<prefix><kind>:`, and `forget` drops an erased
    /// key (customer, key id) from memory.
    ///
    /// # Errors
    /// `Fatal` when there is no thread to be had.
    pub(super) fn start(
        source: Source,
        fold: &'static Script,
        kind: &str,
        forget: impl Fn(&str, Uuid) + Send + 'static,
    ) -> Result<Self, Fault> {
        let (questions, asked) = mpsc::channel();
        let (tell, progress) = watch::channel(None);
        let (keys, offsets) = (format!("{}{kind}:", source.prefix), source.offsets());
        let Source { kafka, topic, redis, .. } = source;
        let forget = Box::new(forget);
        let follower = Follower { kafka, topic, redis, fold, keys, offsets, forget, progress: tell };
        thread::Builder::new().name("customer-keys".to_owned()).spawn(move || follower.run(&asked)).map_err(
            |error| Fault::fatal("no_thread", "cannot follow the customers' keys").caused_by(error),
        )?;
        Ok(Self { progress, questions, patience: PATIENCE })
    }

    /// How far the topic is in Redis, at least. Waits while that is not known: nobody may go by keys that nobody follows.
    ///
    /// # Errors
    /// `Transient` when the topic cannot be read now.
    pub(super) async fn offsets(&self) -> Result<Offsets, Fault> {
        if let Some(followed) = self.progress.borrow().clone() {
            return Ok(followed);
        }
        self.ask(true).await?;
        self.progress.borrow().clone().ok_or_else(behind)
    }

    /// Returns once everything that is on the topic now is in Redis, and what was erased is in no memory.
    ///
    /// # Errors
    /// `Transient` when the topic cannot be read now.
    pub(super) async fn catch_up(&self) -> Result<(), Fault> {
        self.ask(false).await
    }

    /// The same, after a look at what Redis has: for whoever finds that it knows less than it did.
    ///
    /// # Errors
    /// As [`Self::catch_up`].
    pub(super) async fn read_again(&self) -> Result<(), Fault> {
        self.ask(true).await
    }

    async fn ask(&self, anew: bool) -> Result<(), Fault> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question { answer, anew }).map_err(|_| behind())?;
        timeout(self.patience, answered).await.map_err(|_| behind())?.map_err(|_| behind())
    }
}

/// Whether Redis, which has the topic up to `saved`, knows as much as was followed.
pub(super) fn covers(saved: &Offsets, followed: &Offsets) -> bool {
    followed.iter().all(|(partition, offset)| saved.get(partition).copied().unwrap_or(0) >= *offset)
}

/// Nobody knows now which keys hold.
pub(super) fn behind() -> Fault {
    Fault::transient("keys_behind", "the customers' keys are not read to their end yet")
}

/// A consumer that meets every partition's end and holds little in memory. The group's name is only a name: nothing
/// is committed.
pub(super) fn consumer(mut config: ClientConfig, group: &str) -> ClientConfig {
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
