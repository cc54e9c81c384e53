//! Sends a group's offsets into a transaction, on a thread of its own.
//!
//! librdkafka 2.12 may never return from it when the group's coordinator goes away meanwhile
//! (<https://github.com/confluentinc/librdkafka/issues/5456>, still open in 2.14). The stuck thread is then left behind
//! and keeps its client alive, which could not be closed either; a new one of the same id fences it.

use std::{
    sync::{
        Arc,
        mpsc::{self, SyncSender},
    },
    thread,
    time::Duration,
};

use rdkafka::{TopicPartitionList, consumer::ConsumerGroupMetadata, error::KafkaError, producer::Producer};
use tracing::warn;

use super::writer::{CALL, Client};

/// How much longer than it was told the client may take before it counts as stuck.
const GRACE: Duration = Duration::from_secs(2);

/// The thread, from the first transaction on; another one once it is stuck.
#[derive(Default)]
pub(super) struct OffsetSender {
    jobs: Option<SyncSender<Job>>,
}

struct Job {
    producer: Arc<Client>,
    offsets: TopicPartitionList,
    group: Arc<ConsumerGroupMetadata>,
    answer: SyncSender<Result<(), KafkaError>>,
}

impl OffsetSender {
    /// Sends the offsets into the producer's open transaction.
    ///
    /// # Errors
    /// The client's, and [`KafkaError::Canceled`] when it does not return in time or no thread can be had.
    pub fn send(
        &mut self,
        producer: &Arc<Client>,
        offsets: &TopicPartitionList,
        group: &Arc<ConsumerGroupMetadata>,
    ) -> Result<(), KafkaError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = Job {
            producer: Arc::clone(producer),
            offsets: offsets.clone(),
            group: Arc::clone(group),
            answer,
        };
        let jobs = match self.jobs.take() {
            Some(jobs) => jobs,
            None => start().map_err(|_| KafkaError::Canceled)?,
        };
        jobs.send(job).map_err(|_| KafkaError::Canceled)?;
        let Ok(result) = answered.recv_timeout(CALL + GRACE) else {
            warn!("the Kafka client does not return from sending offsets; it is left behind");
            return Err(KafkaError::Canceled);
        };
        self.jobs = Some(jobs);
        result
    }
}

/// Starts a thread, which ends with the sender of its jobs.
fn start() -> std::io::Result<SyncSender<Job>> {
    let (jobs, waiting) = mpsc::sync_channel::<Job>(1);
    let work = move || {
        for Job { producer, offsets, group, answer } in waiting {
            let result = producer.send_offsets_to_transaction(&offsets, &group, CALL);
            // First, so that whoever waits may close the client.
            drop(producer);
            let _ = answer.send(result); // nobody may wait any more
        }
    };
    thread::Builder::new().name("send-offsets".to_owned()).spawn(work)?;
    Ok(jobs)
}
