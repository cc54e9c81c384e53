//! How the claims follow from the log: an order placed, or stock adjusted, under a key in the last day is a claim that is
//! done.

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::{OrderPlaced, StockAdjustmentRequested},
    fault::Fault,
    state::{
        State,
        rebuild::{Beyond, Fold, Logged, What},
    },
    topics::{INVENTORY_STOCK, ORDERS, Topic},
};

use crate::{
    claims::{Claim, Served, mark_done, remaining},
    domain,
    idempotency::claim_name,
    stock,
};

/// Restores claims from `orders` and `inventory.stock`.
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
        vec![ORDERS, INVENTORY_STOCK]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut claims = Vec::new();
        for logged in batch {
            // By the record's own time before it is read: a year of orders is skipped, not decoded.
            if remaining(logged.envelope.time, now).is_none() {
                continue;
            }
            if let Some(event) = logged.read::<OrderPlaced>()? {
                claims.extend(served(&event, now));
            } else if let Some(event) = logged.read::<StockAdjustmentRequested>()? {
                claims.extend(stock::served(logged.envelope.id, event, now));
            }
        }
        if claims.is_empty() { Ok(()) } else { mark_done(state, &claims).await }
    }

    fn beyond_the_log(&self) -> &'static [Beyond] {
        // Claims of attempts under way.
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
