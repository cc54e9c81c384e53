//! The port to the payment gateway: what this service asks, and what it may hear.

use std::future::Future;

use orderflow::{events::Order, fault::Fault};

/// A payment gateway. Every question may be repeated: an order is charged at most once, whatever happens between.
///
/// All questions share these faults. `Transient`: no answer, or none yet, and the outcome may be unknown; asking
/// again resolves it. `Poison`: what the gateway holds is not what the order says, or it does not understand us.
/// `Fatal`: it does not accept our credentials.
pub trait Gateway: Send + Sync + 'static {
    /// Charges the order's total under the idempotency key `<order id>:charge`; a repeat hears the same answer.
    ///
    /// # Errors
    /// As above.
    fn charge(&self, order: &Order) -> impl Future<Output = Result<Answer, Fault>> + Send;

    /// What was decided about the order, found by its id: needed once the key may be forgotten. `None` when nothing
    /// was decided.
    ///
    /// # Errors
    /// As above.
    fn find(&self, order: &Order) -> impl Future<Output = Result<Option<Answer>, Fault>> + Send;

    /// Makes sure that the order can never be charged, unless it was. The answer says which.
    ///
    /// # Errors
    /// As above.
    fn void(&self, order: &Order) -> impl Future<Output = Result<Answer, Fault>> + Send;

    /// Gives the order's whole total back, once, under the idempotency key `<order id>:refund`. It looks whether the
    /// money went back before it sends any, so a repeat hears of the same refund, also when the key is forgotten.
    ///
    /// # Errors
    /// As above; and `Poison` when the order was never charged, when the gateway has refunded another amount, or when
    /// the refund has failed there.
    fn refund(&self, order: &Order, intent_id: &str) -> impl Future<Output = Result<Refunded, Fault>> + Send;
}

/// What a gateway says about an order, once and for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The order's total was charged, checked against the order.
    Charged {
        /// The gateway's id of the payment.
        intent_id: String,
    },
    /// It will not be charged.
    Declined {
        /// Ours: see [`crate::domain::reason`].
        reason: &'static str,
        /// The gateway's own.
        code: Option<String>,
    },
    /// It was never charged, and cannot be any more.
    Voided,
}

/// What a gateway says about an order whose total went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// The gateway's id of the refund.
    pub refund_id: String,
}

/// An order without a charge cannot be refunded.
#[must_use]
pub fn never_charged(order: &Order) -> Fault {
    let message =
        format!("nobody knows a charge of the order that is to be refunded (order {})", order.order_id);
    Fault::poison("refund_without_charge", message)
}
