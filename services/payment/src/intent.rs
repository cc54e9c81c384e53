//! A payment of the gateway and what it says about an order: Stripe's payment intent
//! (<https://docs.stripe.com/api/payment_intents>), of which nothing is taken on trust.

use orderflow::{events::Order, fault::Fault};
use serde::Deserialize;

use crate::{
    domain::{reason, reason_of_decline},
    gateway::{Answer, Standing},
};

/// The metadata field that carries the order's id.
pub const ORDER_ID: &str = "order_id";

/// What a payment failed for whose charge was another amount, and was given back: stands where the gateway's own codes do.
const WRONG_AMOUNT: &str = "wrong_amount";

const LONGEST_NAME: usize = 255;

/// A payment intent, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub struct Intent {
    id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    #[serde(default)]
    amount_refunded: i64,
    currency: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    last_payment_error: Option<CardError>,
}

/// What we have written on a payment or refund.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Metadata {
    /// The order it is for.
    #[serde(default)]
    pub order_id: Option<String>,
}

/// Why a card was declined.
#[derive(Debug, Clone, Deserialize)]
pub struct CardError {
    /// Stripe's code, such as `card_declined`.
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
}

impl Intent {
    /// The intent's id, fit for a path.
    ///
    /// # Errors
    /// `Poison` when it is not.
    pub fn id(&self) -> Result<String, Fault> {
        plain(&self.id).ok_or_else(|| {
            Fault::poison("charge_mismatch", "the gateway names a payment as nobody could ask for it")
        })
    }

    /// Whether it can never be charged any more: it was cancelled, or what was charged by mistake went back.
    #[must_use]
    pub fn is_voided(&self) -> bool {
        self.status == "canceled" || (self.status == "succeeded" && self.is_given_back())
    }

    /// Whether all that was charged went back.
    fn is_given_back(&self) -> bool {
        self.amount_received > 0 && self.amount_refunded == self.amount_received
    }

    /// Whether some of the charge went back already. `false` says nothing at a gateway that does not tell.
    #[must_use]
    pub fn is_refunded(&self) -> bool {
        self.amount_refunded != 0
    }

    /// How the intent stands, and what it says about the order once it is over. A decline is not over for the gateway:
    /// it takes another card until the intent is cancelled.
    ///
    /// # Errors
    /// `Poison` when it is not about this order, amount and currency; `Transient` when it stands as none of ours can.
    pub fn standing(&self, order: &Order) -> Result<Standing, Fault> {
        self.is_for(order)?;
        Ok(match (self.status.as_str(), &self.last_payment_error) {
            // Somebody has given a wrong charge back: the order is not paid, and cannot be any more.
            ("succeeded", _) if self.amount_received != order.total && self.is_given_back() => {
                let (reason, code) = (reason::REFUSED_BY_GATEWAY, Some(WRONG_AMOUNT.to_owned()));
                Standing::Decided(Answer::Declined { reason, code })
            }
            ("succeeded", _) if self.amount_received != order.total => {
                return Err(mismatch(order, "has taken another amount than the order's total"));
            }
            ("succeeded", _) => Standing::Decided(Answer::Charged { intent_id: self.id()? }),
            ("requires_payment_method" | "canceled", Some(error)) if error.is_decline() => {
                Standing::Decided(declined(error))
            }
            ("canceled", _) => Standing::Decided(Answer::Voided),
            ("requires_confirmation", _) => Standing::Unconfirmed,
            ("requires_action" | "processing", _) => Standing::Waiting,
            _ => {
                let message = format!("the gateway has not decided yet (order {})", order.order_id);
                return Err(Fault::transient("gateway_pending", message));
            }
        })
    }

    /// Checks that the intent is about this order, amount and currency.
    ///
    /// # Errors
    /// `Poison` when it is not.
    pub fn is_for(&self, order: &Order) -> Result<(), Fault> {
        if self.metadata.order_id.as_deref() != Some(order.order_id.to_string().as_str()) {
            return Err(mismatch(order, "answers for another order"));
        }
        if self.amount != order.total || !self.currency.eq_ignore_ascii_case(&order.currency) {
            return Err(mismatch(order, "holds another amount or currency than the order's"));
        }
        Ok(())
    }
}

/// The intent that speaks for an order that has several: one that was charged, else one that is still open, else any.
///
/// # Errors
/// As [`Intent::standing`].
pub fn speaker<'i>(intents: &'i [Intent], order: &Order) -> Result<Option<(&'i Intent, Standing)>, Fault> {
    let rank = |standing: &Standing| match standing {
        Standing::Decided(Answer::Charged { .. }) => 2,
        Standing::Unconfirmed | Standing::Waiting => 1,
        Standing::Decided(_) => 0,
    };
    let standing = |intent: &'i Intent| Ok((intent, intent.standing(order)?));
    let all = intents.iter().map(standing).collect::<Result<Vec<_>, Fault>>()?;
    Ok(all.into_iter().max_by_key(|(_, standing)| rank(standing)))
}

fn mismatch(order: &Order, what: &str) -> Fault {
    Fault::poison("charge_mismatch", format!("the gateway {what} (order {})", order.order_id))
}

impl CardError {
    /// Whether a bank or the customer has said no. The field is there, and empty, on some intents without an error.
    fn is_decline(&self) -> bool {
        self.code.is_some() || self.decline_code.is_some()
    }
}

/// The answer that a card error is.
#[must_use]
pub fn declined(error: &CardError) -> Answer {
    let code = error.code.as_deref().unwrap_or_default();
    Answer::Declined {
        reason: reason_of_decline(code, error.decline_code.as_deref()),
        code: plain(error.decline_code.as_deref().unwrap_or(code)),
    }
}

/// A code or id that can go into events, keys and paths as it is.
#[must_use]
pub fn plain(text: &str) -> Option<String> {
    let fits = (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    fits.then(|| text.to_owned())
}
