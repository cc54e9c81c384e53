//! The hop: from what was learned about an order to the risk of whom and what it names.

use orderflow::{
    clock::Clock,
    events::{FraudLabelled, Nothing},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::labels::{Label, Labels};

/// Takes note of which orders were fraud. Reads `fraud.labels`, writes nothing: later decisions tell.
///
/// The label itself says whom and what it is about, so also one of an order that this service has never seen counts.
pub struct OnFraudLabelled {
    /// What was learned.
    pub labels: Labels,
    /// For the lives of keys.
    pub clock: Clock,
}

impl Step for OnFraudLabelled {
    const NAME: &'static str = "fraud-scoring.on_fraud_labelled";
    type In = FraudLabelled;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<FraudLabelled>]) -> Verdicts<Nothing> {
        let now = self.clock.now().as_second();
        let label = |received: &Received<FraudLabelled>| {
            let label = Label::of(received.envelope.id, &received.event);
            (label.age(now), label)
        };
        let labels: Vec<(i64, Label)> = batch.iter().map(label).collect();
        self.labels.take_note(&labels).await?;
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
