//! Reads the journal from given offsets to its end, a bit at a time, beside the group's own consumer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::OwnedMessage,
    topic_partition_list::Offset,
};

use crate::{
    fault::Fault,
    runtime::{
        consumer::{ASK, Silent},
        engine::unavailable,
    },
};

/// A reader that joins no group.
pub(in crate::runtime) struct Reader {
    consumer: BaseConsumer<Silent>,
    /// Partitions whose end has not been met.
    open: BTreeSet<i32>,
}

impl Reader {
    /// Begins to read a topic's partitions at these offsets, or where they begin now.
    pub fn begin(config: &ClientConfig, topic: &str, from: &BTreeMap<i32, i64>) -> Result<Self, Fault> {
        let consumer: BaseConsumer<Silent> = config.create_with_context(Silent).map_err(unavailable)?;
        let mut list = TopicPartitionList::new();
        for (partition, from) in from {
            // Retention may have taken what stood there.
            let (first, _) = consumer.fetch_watermarks(topic, *partition, ASK).map_err(unavailable)?;
            let offset = Offset::Offset(first.max(*from));
            list.add_partition_offset(topic, *partition, offset).map_err(unavailable)?;
        }
        consumer.assign(&list).map_err(unavailable)?;
        Ok(Self { consumer, open: from.keys().copied().collect() })
    }

    /// Whether everything up to the end was read.
    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// Reads on for at most so long.
    ///
    /// # Errors
    /// `Transient` when the broker does not answer.
    pub fn read(&mut self, patience: Duration, mut take: impl FnMut(OwnedMessage)) -> Result<(), Fault> {
        let deadline = Instant::now() + patience;
        while !self.open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.consumer.poll(left) {
                Some(Ok(message)) => take(message.detach()),
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(self.open.remove(&partition)),
                // The client connects again by itself.
                Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::BrokerTransportFailure))) => {}
                Some(Err(error)) => return Err(unavailable(error)),
                None => return Ok(()),
            }
            if left.is_zero() {
                return Ok(());
            }
        }
        Ok(())
    }
}
