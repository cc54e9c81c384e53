//! Commands onto the log: a repeat of one is the very same record.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use orderflow::{
    events::{FraudLabelled, OrderCancelRequested, ReviewDecided},
    fault::Fault,
    http::Correlation,
    runtime::{Prepared, Publisher, Root},
    state::{Args, EffectScript, State},
};
use uuid::Uuid;

/// The source of the events made here.
const SOURCE: &str = "order-status";

/// How long a command's bytes are kept, in seconds: until long after it is on the order's timeline.
const KEPT: u64 = 24 * 60 * 60;

/// The first bytes under an event id stay.
static KEEP: LazyLock<EffectScript> = LazyLock::new(|| {
    EffectScript::new(
        r"
local key, bytes, life = P .. 'command:' .. take(), take(), take()
redis.call('SET', key, bytes, 'NX', 'EX', life)
return redis.call('GET', key)
",
    )
});

/// The way onto the log, as a port: routes can be tested without Kafka.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Encodes a request to cancel.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    fn cancel(&self, event: &OrderCancelRequested, root: Root) -> Result<Prepared, Fault>;

    /// Encodes a decision.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    fn review(&self, event: &ReviewDecided, root: Root) -> Result<Prepared, Fault>;

    /// Encodes a label.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    fn label(&self, event: &FraudLabelled, root: Root) -> Result<Prepared, Fault>;

    /// Returns once all in-sync replicas have the record.
    ///
    /// # Errors
    /// `Transient` when that is not known; the same record may be sent again.
    async fn send(&self, record: &Prepared) -> Result<(), Fault>;
}

#[async_trait]
impl Outbox for Publisher {
    fn cancel(&self, event: &OrderCancelRequested, root: Root) -> Result<Prepared, Fault> {
        self.prepare(event, root)
    }

    fn review(&self, event: &ReviewDecided, root: Root) -> Result<Prepared, Fault> {
        self.prepare(event, root)
    }

    fn label(&self, event: &FraudLabelled, root: Root) -> Result<Prepared, Fault> {
        self.prepare(event, root)
    }

    async fn send(&self, record: &Prepared) -> Result<(), Fault> {
        Publisher::send(self, record).await.map(drop)
    }
}

/// Appends commands.
pub struct Commands {
    /// The way onto the log.
    pub outbox: Arc<dyn Outbox>,
    /// Keeps what was sent.
    pub state: State,
}

impl Commands {
    /// Asks to cancel an order, under this event id.
    ///
    /// # Errors
    /// `Transient` when the record is not known to be durable: ask again.
    pub async fn cancel(
        &self,
        id: Uuid,
        event: &OrderCancelRequested,
        by: &Correlation,
    ) -> Result<(), Fault> {
        self.publish(id, &self.outbox.cancel(event, by.root(id, SOURCE))?).await
    }

    /// Passes a decision on, under this event id.
    ///
    /// # Errors
    /// `Transient` when the record is not known to be durable: ask again.
    pub async fn review(&self, id: Uuid, event: &ReviewDecided, by: &Correlation) -> Result<(), Fault> {
        self.publish(id, &self.outbox.review(event, by.root(id, SOURCE))?).await
    }

    /// Passes a label on, under this event id, which is its time's too: there is nothing to be kept for a repeat.
    ///
    /// # Errors
    /// `Transient` when the record is not known to be durable: ask again.
    pub async fn label(&self, id: Uuid, event: &FraudLabelled, by: &Correlation) -> Result<(), Fault> {
        self.outbox.send(&self.outbox.label(event, by.root(id, SOURCE))?).await
    }

    /// An event id names one content: what was first to be sent under it is sent, times and words included.
    async fn publish(&self, id: Uuid, record: &Prepared) -> Result<(), Fault> {
        let unkept = |error: serde_json::Error| {
            Fault::fatal("command_record", "a command cannot be kept").caused_by(error)
        };
        let bytes = serde_json::to_vec(record).map_err(unkept)?;
        let mut args = Args::new();
        args.push(id.to_string()).push(bytes).push(KEPT);
        let first: Vec<u8> = self.state.call(&KEEP, args).await?;
        let first: Prepared = serde_json::from_slice(&first).map_err(unkept)?;
        self.outbox.send(&first).await
    }
}
