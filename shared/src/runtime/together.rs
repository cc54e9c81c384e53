//! Root events that belong together: all of them are on their topics, or none.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    ClientConfig,
    error::{
        KafkaError,
        RDKafkaErrorCode::{Fenced, InvalidProducerEpoch, ProducerFenced},
    },
    producer::{FutureProducer, Producer},
};
use thiserror::Error;

use super::{
    publisher::{Prepared, Root},
    writer::{CALL, PARTITIONER},
};
use crate::{codec::Codec, events::Record, fault::Fault, topics::Names};

/// How long the coordinator may take to open a name: it may be busy with ending what another has begun.
const OPENING: Duration = Duration::from_secs(30);

/// Publishes records in one transaction. Of those that are opened under one name, only the last can: what it then reads
/// of committed records is what it changes.
pub struct Together {
    producer: FutureProducer,
    codec: Arc<Codec>,
    names: Names,
}

/// Why records were not published.
#[derive(Debug, Error)]
pub enum TogetherError {
    /// Another was opened under the same name. Nothing was published.
    #[error("somebody else does the same just now")]
    Fenced,
    /// Nothing was published.
    #[error("Kafka has not taken the records")]
    Refused(#[source] KafkaError),
    /// One is for no topic of ours. Nothing was published.
    #[error(transparent)]
    Record(#[from] Fault),
    /// They were, or they were not.
    #[error("Kafka does not say whether it has taken the records")]
    Unknown(#[source] KafkaError),
}

impl Together {
    /// Opens the name, and ends what another has begun under it. `name` is without the environment's prefix.
    ///
    /// # Errors
    /// `Fatal` when the client cannot be made; `Transient` when the broker does not answer.
    pub async fn open(
        mut config: ClientConfig,
        codec: Arc<Codec>,
        names: Names,
        name: &str,
    ) -> Result<Self, Fault> {
        config
            .set("transactional.id", names.group(name))
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            .set("partitioner", PARTITIONER)
            .set("delivery.timeout.ms", CALL.as_millis().to_string())
            .set("transaction.timeout.ms", "15000");
        let made = |error| Fault::fatal("kafka_client", "cannot make a Kafka producer").caused_by(error);
        let producer: FutureProducer = config.create().map_err(made)?;
        let opening = producer.clone();
        let silent = || Fault::transient("kafka_unavailable", "the transaction coordinator does not answer");
        match tokio::task::spawn_blocking(move || opening.init_transactions(OPENING)).await {
            Ok(Ok(())) => Ok(Self { producer, codec, names }),
            Ok(Err(error)) => Err(silent().caused_by(error)),
            Err(error) => Err(silent().caused_by(error)),
        }
    }

    /// Encodes a record.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    pub fn prepare<R: Record>(&self, record: &R, root: Root) -> Result<Prepared, Fault> {
        Prepared::of(&self.codec, record, root)
    }

    /// Publishes all of them.
    ///
    /// # Errors
    /// See [`TogetherError`].
    pub async fn publish(&self, records: &[Prepared]) -> Result<(), TogetherError> {
        let published = self.in_transaction(records).await;
        // Whatever failed first: a client that was fenced can do nothing any more, and says so for good.
        let fatal = self.producer.client().fatal_error();
        match (published, fatal) {
            (Err(_), Some((Fenced | ProducerFenced | InvalidProducerEpoch, _))) => Err(TogetherError::Fenced),
            (published, _) => published,
        }
    }

    async fn in_transaction(&self, records: &[Prepared]) -> Result<(), TogetherError> {
        self.producer.begin_transaction().map_err(TogetherError::Refused)?;
        if let Err(error) = self.send(records).await {
            // The next that opens the name ends what could not be aborted; until then nobody sees it.
            let aborting = self.producer.clone();
            let _ = tokio::task::spawn_blocking(move || aborting.abort_transaction(CALL)).await;
            return Err(error);
        }
        let committing = self.producer.clone();
        match tokio::task::spawn_blocking(move || committing.commit_transaction(CALL)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(KafkaError::Transaction(error))) if error.txn_requires_abort() => {
                Err(TogetherError::Refused(KafkaError::Transaction(error)))
            }
            Ok(Err(error)) => Err(TogetherError::Unknown(error)),
            Err(_) => Err(TogetherError::Unknown(KafkaError::Canceled)),
        }
    }

    async fn send(&self, records: &[Prepared]) -> Result<(), TogetherError> {
        for record in records {
            let name = self.names.topic(record.topic()?);
            let sent = self.producer.send(record.to(&name), Duration::ZERO).await;
            sent.map_err(|(error, _)| TogetherError::Refused(error))?;
        }
        Ok(())
    }
}
