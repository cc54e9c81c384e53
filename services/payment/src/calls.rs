//! The gateway as all steps of the process call it: so many orders at a time, and no longer than a batch may take.

use std::{future::Future, sync::Arc, time::Duration};

use jiff::SignedDuration;
use orderflow::fault::Fault;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

/// What bounds the calls to the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most orders asked for at the same time.
    pub concurrency: usize,
    /// How long all calls of a batch may take; orders without an answer by then are tried again.
    pub batch: Duration,
    /// How long the gateway surely remembers an idempotency key.
    pub key_life: SignedDuration,
}

/// A gateway and what bounds the calls to it.
pub struct Calls<G> {
    /// Whom to ask, within [`Self::answer`].
    pub gateway: G,
    /// The bounds.
    pub limits: Limits,
    turns: Semaphore,
}

impl<G> Calls<G> {
    /// Calls to this gateway; every step shares them.
    #[must_use]
    pub fn new(gateway: G, limits: Limits) -> Arc<Self> {
        Arc::new(Self { gateway, limits, turns: Semaphore::new(limits.concurrency) })
    }

    /// When the calls of a batch that begins now must have ended.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.limits.batch
    }

    /// Waits for an order's turn, then for the gateway's answer.
    ///
    /// # Errors
    /// Those of the question; `Transient` when the deadline passes first.
    pub async fn answer<T>(
        &self,
        deadline: Instant,
        question: impl Future<Output = Result<T, Fault>> + Send,
    ) -> Result<T, Fault> {
        let answer = async {
            // Never closed, so there is always a turn.
            let _turn = self.turns.acquire().await;
            question.await
        };
        let late = |_| Fault::transient("gateway_timeout", "no answer from the gateway in the batch's time");
        timeout_at(deadline, answer).await.map_err(late)?
    }
}
