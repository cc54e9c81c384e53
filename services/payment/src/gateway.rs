//! The port to the payment gateway: what this service asks, and what it may hear.

use std::future::Future;

use orderflow::{events::Order, fault::Fault};

/// A payment gateway. Every question may be repeated: an order is charged at most once, whatever happens between.
///
/// A payment is opened first and confirmed then: opening charges nothing, so that its id can be stored before anything
/// moves, and whoever knows the id can always ask how it stands.
///
/// All questions share these faults. `Transient`: no answer, or none yet, and the outcome may be unknown; asking
/// again resolves it. `Poison`: what the gateway holds is not what the order says, or it does not understand us.
/// `Fatal`: it does not accept our credentials.
pub trait Gateway: Send + Sync + 'static {
    /// The order's one payment, made under the idempotency key `<order id>:charge` when there is none yet. Once that key
    /// may be forgotten (`key_is_known` is false) the order's payment is searched for first.
    ///
    /// # Errors
    /// As above.
    fn open(&self, order: &Order, key_is_known: bool) -> impl Future<Output = Result<Opened, Fault>> + Send;

    /// Charges the order's total by this payment.
    ///
    /// # Errors
    /// As above.
    fn confirm(&self, order: &Order, intent_id: &str)
    -> impl Future<Output = Result<Standing, Fault>> + Send;

    /// How this payment stands.
    ///
    /// # Errors
    /// As above; `Poison` when the gateway does not know it.
    fn look(&self, order: &Order, intent_id: &str) -> impl Future<Output = Result<Standing, Fault>> + Send;

    /// What was decided about the order, found by its id. `None` when nothing was decided.
    ///
    /// # Errors
    /// As above.
    fn find(&self, order: &Order) -> impl Future<Output = Result<Option<Answer>, Fault>> + Send;

    /// Makes sure that the order can never be charged, unless it was; by this payment, or by whichever it has. The answer
    /// says which.
    ///
    /// # Errors
    /// As above.
    fn void(
        &self,
        order: &Order,
        intent_id: Option<&str>,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send;

    /// Gives the order's whole total back, once, under the idempotency key `<order id>:refund`. It looks whether the
    /// money went back before it sends any, so a repeat hears of the same refund, also when the key is forgotten.
    ///
    /// # Errors
    /// As above; and `Poison` when the order was never charged, when the gateway has refunded another amount, or when
    /// the refund has failed there.
    fn refund(&self, order: &Order, intent_id: &str) -> impl Future<Output = Result<Refunded, Fault>> + Send;
}

/// What comes of opening a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It was made just now: nobody can have confirmed it.
    Fresh {
        /// The gateway's id of the payment.
        intent_id: String,
    },
    /// It was there before, and may stand anywhere.
    Known {
        /// The gateway's id of the payment.
        intent_id: String,
    },
    /// There is none and cannot be any: the gateway does not take the token, the amount or the currency.
    Refused(Answer),
}

/// How a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has confirmed it.
    Unconfirmed,
    /// It waits for its customer (3-D Secure) or for the bank.
    Waiting,
    /// It is over.
    Decided(Answer),
}

/// What a gateway says about an order, once and for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The order's total was charged, checked against the order.
    Charged {
        /// The gateway's id of the payment.
        intent_id: String,
    },
    /// It was not charged, and cannot be any more.
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
