//! What is asked of a carrier, and what it may answer.

use async_trait::async_trait;
use orderflow::{fault::Fault, sealed::Person};
use uuid::Uuid;

use crate::pickups::Window;

/// A parcel to buy a label for.
#[derive(Debug)]
pub struct Parcel<'a> {
    /// The order; also the idempotency key.
    pub order_id: Uuid,
    /// `standard` or `express`.
    pub service_level: &'static str,
    /// Who gets it.
    pub to: &'a Person,
    /// How heavy it is.
    pub weight_grams: u32,
}

/// A label the carrier has given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The carrier's id of it.
    pub label_id: String,
    /// UPU S10, its check digit looked at.
    pub tracking_number: String,
    /// Who carries it.
    pub carrier: String,
    /// How fast.
    pub service_level: String,
}

/// What becomes of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The carrier takes it.
    Label(Label),
    /// It does not, and never will.
    Refused {
        /// Whether the address is to blame.
        undeliverable: bool,
        /// The carrier's own code.
        code: Option<String>,
    },
    /// The order was voided: there is no label, and there never will be.
    Voided,
}

/// A parcel carrier. Every call is safe to repeat.
///
/// Faults: `Transient` when the outcome is unknown (`carrier_unavailable`, `carrier_timeout`, `carrier_busy`,
/// `carrier_unreadable`), `Poison` when the answer or our request makes no sense (`carrier_bad_answer`,
/// `carrier_rejects_request`), `Fatal` when it does not let us in (`carrier_unauthorized`).
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// Buys a label, once per order: a repeat gets the same label.
    ///
    /// # Errors
    /// See [`Carrier`].
    async fn buy(&self, parcel: &Parcel<'_>) -> Result<Answer, Fault>;

    /// The order's label, where it has one.
    ///
    /// # Errors
    /// See [`Carrier`].
    async fn find(&self, order_id: Uuid) -> Result<Option<Label>, Fault>;

    /// Sees to it that no label can ever be bought for the order, unless one was: then nothing changes, and the answer
    /// is that label.
    ///
    /// # Errors
    /// See [`Carrier`].
    async fn void(&self, order_id: Uuid) -> Result<Option<Label>, Fault>;

    /// Books a pickup at the depot and returns its id; parcels of one window share it.
    ///
    /// # Errors
    /// See [`Carrier`].
    async fn book(&self, window: Window, depot: &str) -> Result<String, Fault>;
}
