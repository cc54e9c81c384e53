//! Sends a group's offsets into a transaction, on a thread of its own.
//!
//! librdkafka 2.12 may never return from it when the group's coordinator goes away meanwhile
//! (<https://github.com/confluentinc/librdkafka/issues/5456>, still open in 2.14). The stuck thread is then left behind
//! and keeps its client alive, which could not be closed either; a new one of the same id fences it.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender},
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

/// Offsets on their way into a transaction.
pub(super) struct Sending(Receiver<Result<(), KafkaError>>);

impl OffsetSender {
    /// Begins to send the offsets into the producer's open transaction.
    pub fn begin(
        &mut self,
        producer: &Arc<Client>,
        offsets: &TopicPartitionList,
        group: &Arc<ConsumerGroupMetadata>,
    ) -> Sending {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = Job {
            producer: Arc::clone(producer),
            offsets: offsets.clone(),
            group: Arc::clone(group),
            answer,
        };
        // Without a thread nobody answers, and whoever waits hears of it.
        self.jobs = self.jobs.take().or_else(|| start().ok()).filter(|jobs| jobs.send(job).is_ok());
        Sending(answered)
    }

    /// Waits until they are there.
    ///
    /// # Errors
    /// The client's, and [`KafkaError::Canceled`] when it does not return in time or no thread can be had.
    pub fn wait(&mut self, sending: &Sending) -> Result<(), KafkaError> {
        sending.0.recv_timeout(CALL + GRACE).unwrap_or_else(|_| {
            warn!("the Kafka client does not return from sending offsets; it is left behind");
            self.jobs = None;
            Err(KafkaError::Canceled)
        })
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
