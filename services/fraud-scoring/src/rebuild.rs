//! How the state follows from the log: from the decisions this service has published, which carry the orders.

use async_trait::async_trait;
use orderflow::{
    clock::Clock,
    events::{FraudDecision, Order, OrderFraudDetected, OrderValidatedForFraud},
    fault::Fault,
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    topics::{self, Topic},
};
use uuid::Uuid;

use crate::{
    profiles::{Decided, Profiles},
    sighting::Sighting,
};

/// Rebuilds profiles, windows and stored decisions from `fraud`. Decides nothing.
///
/// Histories are not on the log: a repeat after a rebuild sees the windows as they are now, and is answered with the
/// decision stored first all the same.
pub struct FraudFold {
    clock: Clock,
}

impl FraudFold {
    /// A fold that gives keys what is left of their lives by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// A decision as the state takes it; `cause` is the id of the OrderPlaced event it answers.
    #[must_use]
    pub fn decided(&self, cause: Uuid, order: &Order, decision: FraudDecision) -> Decided {
        let age = self.clock.now().as_second() - decision.decided_at.as_second();
        Decided { sighting: Sighting::of(cause, order), age, decision }
    }

    fn read(&self, logged: &Logged<'_>) -> Result<Option<Decided>, Fault> {
        // Without a cause there is no input to repeat, but the order still counts in the windows.
        let cause = logged.envelope.causation_id.unwrap_or(logged.envelope.id);
        if let Some(event) = logged.read::<OrderValidatedForFraud>()? {
            return Ok(Some(self.decided(cause, &event.order, event.decision)));
        }
        let event = logged.read::<OrderFraudDetected>()?;
        Ok(event.map(|event| self.decided(cause, &event.order, event.decision)))
    }
}

#[async_trait]
impl Fold for FraudFold {
    fn sources(&self) -> Vec<Topic> {
        vec![topics::FRAUD]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let decided: Vec<Decided> =
            batch.iter().filter_map(|logged| self.read(logged).transpose()).collect::<Result<_, _>>()?;
        if decided.is_empty() { Ok(()) } else { Profiles::restore(state, &decided).await }
    }
}
