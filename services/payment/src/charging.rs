//! What is asked of the gateway for a reserved order, from opening its payment to how that ends or waits.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::{InventoryReserved, Order},
    fault::Fault,
};
use tokio::time::Instant;

use crate::{
    calls::Calls,
    domain::{
        self, Outcome, Phase,
        wait::{Known, Wait},
    },
    gateway::{Answer, Gateway, Opened, Standing},
};

/// Asks the gateway about reserved orders.
pub struct Charging<G> {
    /// The gateway.
    pub calls: Arc<Calls<G>>,
    /// The time.
    pub clock: Clock,
    /// How long a customer has to confirm a payment.
    pub confirm_within: SignedDuration,
}

/// How far an order's payment has come before it is confirmed.
pub enum Begun {
    /// What is known of it.
    Known(Known),
    /// The gateway has just opened it; what is known of it now.
    Fresh(Known),
    /// The gateway does not open it.
    Refused(Known, Answer),
}

/// How far an order's payment has come.
pub enum Reached {
    /// What is known holds: it has ended, or waits.
    Known(Known),
    /// It has ended, after what was known before.
    Ended(Known, Outcome),
    /// It waits, from now on.
    Waits(Wait),
}

impl<G: Gateway> Charging<G> {
    /// Opens the order's payment, unless it has one or needs none.
    ///
    /// # Errors
    /// Those of [`Gateway::open`].
    pub async fn open(
        &self,
        reserved: &InventoryReserved,
        known: &Known,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<Opened>, Fault> {
        let key_life = self.calls.limits.key_life;
        let Some(opening) = domain::opening(&known.phase, reserved, now, key_life) else { return Ok(None) };
        let opening = self.calls.gateway.open(&reserved.order, opening.key_is_known);
        self.calls.answer(deadline, opening).await.map(Some)
    }

    /// Takes an order's payment as far as it goes now.
    ///
    /// # Errors
    /// Those of the gateway.
    pub async fn reach(&self, order: &Order, begun: Begun, deadline: Instant) -> Result<Reached, Fault> {
        let (known, is_fresh) = match begun {
            Begun::Refused(known, answer) => return Ok(self.ended(known, answer)),
            Begun::Fresh(known) => (known, true),
            Begun::Known(known) => (known, false),
        };
        self.calls.answer(deadline, self.ask(order, known, is_fresh)).await
    }

    async fn ask(&self, order: &Order, known: Known, is_fresh: bool) -> Result<Reached, Fault> {
        let gateway = &self.calls.gateway;
        let standing = match &known.phase {
            Phase::Settled(_) | Phase::Waiting => return Ok(Reached::Known(known)),
            Phase::Voiding { .. } => Standing::Decided(gateway.void(order, None).await?),
            Phase::Charging { intent_id: Some(intent_id) } => self.charge(order, intent_id, is_fresh).await?,
            // Somebody else has opened it at the same time, or nobody: the record is read again.
            Phase::Charging { intent_id: None } => return Err(pending(order)),
        };
        match (standing, &known.phase) {
            (Standing::Decided(answer), _) => Ok(self.ended(known, answer)),
            (Standing::Waiting, Phase::Charging { intent_id: Some(intent_id) }) => {
                Ok(Reached::Waits(self.wait(intent_id)))
            }
            _ => Err(pending(order)),
        }
    }

    /// Whether a payment that waits as far as we know has ended.
    ///
    /// # Errors
    /// Those of [`Gateway::look`].
    pub async fn has_ended(&self, order: &Order, wait: &Wait, deadline: Instant) -> Result<bool, Fault> {
        let looking = self.calls.gateway.look(order, &wait.intent_id);
        let standing = self.calls.answer(deadline, looking).await?;
        Ok(matches!(standing, Standing::Decided(_)))
    }

    /// Confirms a payment unless somebody has: one that was just opened nobody can have confirmed.
    async fn charge(&self, order: &Order, intent_id: &str, is_fresh: bool) -> Result<Standing, Fault> {
        let gateway = &self.calls.gateway;
        if !is_fresh {
            let standing = gateway.look(order, intent_id).await?;
            if standing != Standing::Unconfirmed {
                return Ok(standing);
            }
        }
        gateway.confirm(order, intent_id).await
    }

    fn ended(&self, known: Known, answer: Answer) -> Reached {
        let outcome = domain::outcome(&known.phase, answer, self.clock.now());
        Reached::Ended(known, outcome)
    }

    fn wait(&self, intent_id: &str) -> Wait {
        let required_at = self.clock.now();
        let respond_by = required_at + self.confirm_within;
        Wait { required_at, respond_by, intent_id: intent_id.to_owned() }
    }
}

fn pending(order: &Order) -> Fault {
    let message = format!("the gateway has not decided yet (order {})", order.order_id);
    Fault::transient("gateway_pending", message)
}
