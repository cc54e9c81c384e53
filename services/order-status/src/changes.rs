//! Tells those who wait in this process which orders have changed.
//!
//! The steps hold the only senders: once the loop has ended at shutdown, everybody who waits hears that and leaves.
//! With several instances an order's partitions may be held elsewhere, so whoever waits also looks by itself, every
//! [`GLANCE`].

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::sync::broadcast::{self, Receiver, Sender, WeakSender, error::RecvError};
use uuid::Uuid;

/// How often whoever waits looks by itself.
const GLANCE: Duration = Duration::from_millis(200);

/// Batches remembered for slow listeners; who is slower looks by itself.
const REMEMBERED: usize = 256;

/// Announces changes. Whoever waits hears that the process stops once every clone is gone.
#[derive(Clone)]
pub struct Announcer(Sender<Arc<BTreeSet<Uuid>>>);

/// Lets others listen to an [`Announcer`], without keeping it alive.
#[derive(Clone)]
pub struct Changes(WeakSender<Arc<BTreeSet<Uuid>>>);

/// Hears of changes of all orders whose partitions this instance holds.
pub struct Everything(Option<Receiver<Arc<BTreeSet<Uuid>>>>);

/// What is heard.
pub enum Heard {
    /// These have changed.
    Changed(Arc<BTreeSet<Uuid>>),
    /// So many batches came too quickly.
    Missed(u64),
    /// This process stops.
    Stopped,
}

/// Waits for changes of one order.
pub struct Listener {
    order_id: Uuid,
    receiver: Option<Receiver<Arc<BTreeSet<Uuid>>>>,
}

impl Announcer {
    /// An announcer nobody listens to yet.
    pub fn new() -> Self {
        Self(broadcast::Sender::new(REMEMBERED))
    }

    /// What others listen by.
    pub fn changes(&self) -> Changes {
        Changes(self.0.downgrade())
    }

    /// Tells that these orders have changed.
    pub fn announce(&self, orders: impl Iterator<Item = Uuid>) {
        let _ = self.0.send(Arc::new(orders.collect())); // nobody may be listening
    }
}

impl Changes {
    /// Listens for one order, from now on: subscribe before looking, or a change in between is lost.
    pub fn of(&self, order_id: Uuid) -> Listener {
        Listener { order_id, receiver: self.0.upgrade().map(|sender| sender.subscribe()) }
    }

    /// Hears of all, from now on.
    pub fn all(&self) -> Everything {
        Everything(self.0.upgrade().map(|sender| sender.subscribe()))
    }
}

impl Everything {
    /// The next change.
    pub async fn next(&mut self) -> Heard {
        let Some(receiver) = &mut self.0 else { return Heard::Stopped };
        match receiver.recv().await {
            Ok(orders) => Heard::Changed(orders),
            Err(RecvError::Lagged(batches)) => Heard::Missed(batches),
            Err(RecvError::Closed) => Heard::Stopped,
        }
    }
}

impl Listener {
    /// The order it listens for.
    pub fn order_id(&self) -> Uuid {
        self.order_id
    }

    /// Returns when the order may have changed; `false` when this process stops.
    pub async fn changed(&mut self) -> bool {
        let Some(receiver) = &mut self.receiver else { return false };
        let heard = async {
            loop {
                match receiver.recv().await {
                    Ok(orders) if orders.contains(&self.order_id) => return true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                }
            }
        };
        tokio::time::timeout(GLANCE, heard).await.unwrap_or(true)
    }
}
