//! A payment of the gateway and what it says about an order: Stripe's payment intent
//! (<https://docs.stripe.com/api/payment_intents>), of which nothing is taken on trust.

use orderflow::{events::Order, fault::Fault};
use serde::Deserialize;

use crate::{domain::reason_of_decline, gateway::Answer};

/// The metadata field that carries the order's id.
pub const ORDER_ID: &str = "order_id";

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

#[derive(Debug, Clone, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    order_id: Option<String>,
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

    /// Whether it can never be charged any more.
    #[must_use]
    pub fn is_voided(&self) -> bool {
        self.status == "canceled"
    }

    /// Whether some of the charge went back already. `false` says nothing at a gateway that does not tell.
    #[must_use]
    pub fn is_refunded(&self) -> bool {
        self.amount_refunded != 0
    }

    /// What the intent says about the order; `None` when nothing was decided yet.
    ///
    /// # Errors
    /// `Poison` when it is not about this order, amount and currency.
    pub fn answer(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        self.is_for(order)?;
        Ok(match (self.status.as_str(), &self.last_payment_error) {
            ("succeeded", _) if self.amount_received != order.total => {
                return Err(mismatch(order, "has taken another amount than the order's total"));
            }
            ("succeeded", _) => Some(Answer::Charged { intent_id: self.id()? }),
            ("canceled", _) => Some(Answer::Voided),
            ("requires_payment_method", Some(error)) => Some(declined(error)),
            _ => None,
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

/// What all intents of an order say together: a charge outweighs everything, then what is still open.
///
/// # Errors
/// As [`Intent::answer`].
pub fn together(intents: &[Intent], order: &Order) -> Result<Option<Answer>, Fault> {
    let answers = intents.iter().map(|intent| intent.answer(order)).collect::<Result<Vec<_>, _>>()?;
    let charged = answers.iter().flatten().find(|answer| matches!(answer, Answer::Charged { .. }));
    Ok(match charged {
        Some(charged) => Some(charged.clone()),
        None if answers.contains(&None) => None,
        None => answers.into_iter().flatten().next_back(),
    })
}

fn mismatch(order: &Order, what: &str) -> Fault {
    Fault::poison("charge_mismatch", format!("the gateway {what} (order {})", order.order_id))
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
