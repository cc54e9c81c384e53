//! The way onto the log, as a port: handlers can be tested without Kafka.

use async_trait::async_trait;
use orderflow::{
    events::{CartUpdated, OrderPlaced, ProductViewed, StockAdjustmentRequested},
    fault::Fault,
    runtime::{Prepared, Publisher, Root},
};

/// What a customer has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Looked at a product.
    Viewed(ProductViewed),
    /// Changed the cart.
    Cart(CartUpdated),
}

/// Publishes what intake has to say.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Encodes an order.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    fn order(&self, event: &OrderPlaced, root: Root) -> Result<Prepared, Fault>;

    /// Encodes a stock adjustment.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    fn adjustment(&self, event: &StockAdjustmentRequested, root: Root) -> Result<Prepared, Fault>;

    /// Encodes what a customer has done.
    ///
    /// # Errors
    /// `Poison` when it does not fit its schema.
    fn activity(&self, event: &Activity, root: Root) -> Result<Prepared, Fault>;

    /// Returns once all in-sync replicas have the record.
    ///
    /// # Errors
    /// `Transient` when that is not known; the same record may be sent again.
    async fn send(&self, record: &Prepared) -> Result<(), Fault>;
}

#[async_trait]
impl Outbox for Publisher {
    fn order(&self, event: &OrderPlaced, root: Root) -> Result<Prepared, Fault> {
        self.prepare(event, root)
    }

    fn adjustment(&self, event: &StockAdjustmentRequested, root: Root) -> Result<Prepared, Fault> {
        self.prepare(event, root)
    }

    fn activity(&self, event: &Activity, root: Root) -> Result<Prepared, Fault> {
        match event {
            Activity::Viewed(event) => self.prepare(event, root),
            Activity::Cart(event) => self.prepare(event, root),
        }
    }

    async fn send(&self, record: &Prepared) -> Result<(), Fault> {
        Publisher::send(self, record).await.map(drop)
    }
}
