//! Takes note that a service has stopped calling a dependency, or calls it again.

use orderflow::{
    events::{BreakerMoved, Nothing},
    state::State,
    step::{Outcome, Received, Step, Verdicts},
};

use crate::flow::breakers::take_note;

/// Remembers which breakers are open, for the flow. Reads `audit`, writes nothing.
pub struct OnBreakerMoved(pub State);

impl Step for OnBreakerMoved {
    const NAME: &'static str = "order-status.on_breaker_moved";
    const GATHERS: bool = true;
    type In = BreakerMoved;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<BreakerMoved>]) -> Verdicts<Nothing> {
        let moved: Vec<BreakerMoved> = batch.iter().map(|received| received.event.clone()).collect();
        take_note(&self.0, &moved).await?;
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
