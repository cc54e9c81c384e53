//! How the claims follow from the log: an order placed under a key in the last day is a claim that is done.

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::OrderPlaced,
    fault::Fault,
    state::{
        State,
        rebuild::{Beyond, Fold, Logged, What},
    },
    topics::{ORDERS, Topic},
};

use crate::{
    claims::{Claim, LIFE, Served, mark_done},
    domain,
    idempotency::claim_name,
};

/// Restores claims from `orders`.
///
/// The customers' keys are not restored: a customer whose key was forgotten gets a new one with the next order, and what
/// was sealed before still opens with the key on the log. Restoring them would bring back keys that were erased.
pub struct RestoreClaims {
    /// Keys live a day from the order's own time.
    pub clock: Clock,
}

#[async_trait]
impl Fold for RestoreClaims {
    fn sources(&self) -> Vec<Topic> {
        vec![ORDERS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut claims = Vec::new();
        for logged in batch {
            // By the record's own time before it is read: a year of orders is skipped, not decoded.
            if remaining(logged.envelope.time, now).is_some()
                && let Some(event) = logged.read::<OrderPlaced>()?
            {
                claims.extend(served(&event, now));
            }
        }
        if claims.is_empty() { Ok(()) } else { mark_done(state, &claims).await }
    }

    fn beyond_the_log(&self) -> &'static [Beyond] {
        // Claims of attempts under way, and of stock adjustments.
        &[Beyond { keys: "idem:", what: What::Surplus }]
    }
}

/// The claim an order is the answer to, while its key is remembered.
pub fn served(event: &OrderPlaced, now: Timestamp) -> Option<Served> {
    let key_hash = event.idempotency_key_hash.as_deref()?;
    let life = remaining(event.order.placed_at, now)?;
    let name = claim_name(&event.principal, key_hash, &event.request_hash);
    let claim = Claim { name, request_hash: event.request_hash.clone() };
    Some(Served { claim, answer: domain::answer(&event.order), life })
}

/// How long a key used at `placed_at` is still remembered.
fn remaining(placed_at: Timestamp, now: Timestamp) -> Option<std::time::Duration> {
    let age = std::time::Duration::try_from(now.duration_since(placed_at)).unwrap_or_default();
    LIFE.checked_sub(age).filter(|left| !left.is_zero())
}
