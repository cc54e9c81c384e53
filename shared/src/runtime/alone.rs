//! A step without Kafka: what lies between a fetch and a transaction, to be measured by itself.

use std::sync::Arc;

use rdkafka::message::OwnedMessage;

use super::{
    batch::Raw,
    hop::{Hop, Typed},
    rerun::{Said, TIMEOUT},
    traced::Reader,
};
use crate::{
    codec::Codec,
    fault::Fault,
    step::{Origin, Step},
    topics::Names,
};

/// A step, and all that the runtime does around it but Kafka.
pub struct Alone {
    hop: Arc<dyn Hop>,
    codec: Codec,
}

/// Records as a consumer hands them over.
pub struct Polled(Vec<Raw>);

impl Polled {
    /// Records, and where each stood.
    pub fn new(records: impl IntoIterator<Item = (Origin, OwnedMessage)>) -> Self {
        Self(records.into_iter().map(|(place, message)| Raw::at(place, message)).collect())
    }
}

impl Alone {
    /// This step, which reads and writes by this codec.
    pub fn new<S: Step>(step: S, codec: Codec) -> Self {
        let reader = Reader { names: Names::default(), group: S::NAME.to_owned() };
        Self { hop: Typed::boxed(step, TIMEOUT, reader), codec }
    }

    /// One answer for each record, in their order: what a producer would be given.
    pub async fn handle(&self, batch: &Polled) -> Vec<Result<Vec<Said>, Fault>> {
        let batch: Vec<&Raw> = batch.0.iter().collect();
        let answered = self.hop.handle(&batch, &self.codec).await;
        answered.into_iter().map(|one| Ok(one.answer?.into_iter().map(Said::from).collect())).collect()
    }
}
