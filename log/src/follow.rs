//! Follows topics as they grow, from their beginning, on a thread of its own.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, Result};
use orderflow::topics::{Names, Topic};
use orderflow_letters::reading::{consumer, partitions};
use rdkafka::{
    ClientConfig, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    topic_partition_list::Offset,
};

use super::{Entry, read::put_aside};

/// How soon a follower notices that it is to stop.
const TURN: Duration = Duration::from_millis(50);

/// A running follower. Stops when dropped.
pub struct Follower {
    stop: Arc<AtomicBool>,
    failure: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Calls `take` with every committed record of `topics` and of what every group has put aside (dead letters, and what waits
    /// behind them), as it appears.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn start(
        config: &ClientConfig,
        names: &Names,
        topics: &[Topic],
        take: impl FnMut(Entry) + Send + 'static,
    ) -> Result<Self> {
        let (config, names, topics) = (config.clone(), names.clone(), topics.to_vec());
        tokio::task::spawn_blocking(move || Self::start_blocking(&config, names, &topics, take)).await?
    }

    fn start_blocking(
        config: &ClientConfig,
        names: Names,
        topics: &[Topic],
        mut take: impl FnMut(Entry) + Send + 'static,
    ) -> Result<Self> {
        let mut config = config.clone();
        // Each answer costs the broker work, above all with so many partitions: let it gather what comes in 10 ms.
        config
            .set("fetch.wait.max.ms", "10")
            .set("fetch.min.bytes", "1048576")
            .set("enable.partition.eof", "false");
        let consumer = consumer(&config)?;
        let mut wanted: Vec<String> = topics.iter().map(|topic| names.topic(*topic)).collect();
        wanted.extend(put_aside()?.into_iter().map(|topic| names.topic(topic)));
        let mut list = TopicPartitionList::new();
        for (topic, partition) in partitions(&consumer, &wanted)? {
            list.add_partition_offset(&topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        let stop = Arc::new(AtomicBool::new(false));
        let failure = Arc::new(Mutex::new(None));
        let (stopped, failed) = (Arc::clone(&stop), Arc::clone(&failure));
        let thread = std::thread::Builder::new().name("follower".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = turn(&consumer, &names, &mut take) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    return;
                }
            }
        });
        Ok(Self { stop, failure, thread: Some(thread.context("cannot start a thread")?) })
    }

    /// Why it follows no longer, if it had to give up.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic in there has been printed already
        }
    }
}

fn turn(consumer: &BaseConsumer, names: &Names, take: &mut impl FnMut(Entry)) -> Result<(), KafkaError> {
    match consumer.poll(TURN) {
        Some(Ok(message)) => {
            if let Some(entry) = Entry::of(&message, names) {
                take(entry);
            }
            Ok(())
        }
        Some(Err(KafkaError::PartitionEOF(_))) | None => Ok(()),
        // The client reconnects by itself; a broker that restarts is no reason to give up.
        Some(Err(KafkaError::MessageConsumption(code))) if transient(code) => Ok(()),
        Some(Err(error)) => Err(error),
    }
}

fn transient(code: rdkafka::types::RDKafkaErrorCode) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
    )
}
