//! Puts what is to be told into its queue; the deliverers do the rest, so that nobody waits for a slow endpoint here.

use std::sync::Arc;

use orderflow::{
    clock::Clock,
    events::{Nothing, NotificationDue},
    step::{Outcome, Received, Step, Verdicts},
};
use tokio::{sync::Notify, task::JoinSet};

use crate::queue::{Entry, Queue};

/// Queues notifications by endpoint. Writes nothing.
pub struct OnNotificationDue {
    /// The queues.
    pub queue: Queue,
    /// Wakes the deliverers.
    pub wake: Arc<Notify>,
    /// The time.
    pub clock: Clock,
    /// Who takes from the queues, for as long as something is put into them.
    pub deliverers: JoinSet<()>,
}

impl Step for OnNotificationDue {
    const NAME: &'static str = "notifications.on_notification_due";
    const GATHERS: bool = true;
    type In = NotificationDue;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<NotificationDue>]) -> Verdicts<Nothing> {
        let entries: Vec<Entry> = batch.iter().map(Entry::of).collect();
        self.queue.put(&entries, self.clock.now()).await?;
        self.wake.notify_waiters();
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
