//! The payment intent, and what the ledger says about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The metadata field that carries the shop's order id.
pub const ORDER_ID: &str = "order_id";

/// What a line of the gateway's ledger says. Money moves by `charge` and `refund` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What happened.
    pub kind: Kind,
    /// The intent it happened to.
    pub intent_id: String,
    /// The shop's order id, from the intent's metadata.
    pub order_id: String,
    /// In minor units: of the charge, decline, void or intent; of a refund, what was refunded by it.
    pub amount: i64,
    /// ISO 4217, upper case.
    pub currency: String,
    /// The refund, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<String>,
    /// The intent as this line left it.
    pub intent: Intent,
}

/// What happened to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Created without confirming: nothing moved.
    Intent,
    /// The customer was charged.
    Charge,
    /// The customer has to confirm it first (3-D Secure): nothing moved.
    Action,
    /// The bank declined, or the customer has refused: nothing moved.
    Decline,
    /// The customer got money back.
    Refund,
    /// Cancelled before a charge: it can never be charged.
    Void,
}

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No way of payment yet, or the last one was declined.
    RequiresPaymentMethod,
    /// Has a way of payment; nobody has asked for the charge.
    RequiresConfirmation,
    /// Waits for its customer.
    RequiresAction,
    /// Charged.
    Succeeded,
    /// Voided.
    Canceled,
}

impl Status {
    /// As it stands in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// A payment intent, with those of Stripe's fields that an order pipeline looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// `pi_…`
    pub id: String,
    /// Always `payment_intent`.
    pub object: String,
    /// Where it stands.
    pub status: Status,
    /// In minor units.
    pub amount: i64,
    /// What was captured of it, in minor units.
    pub amount_received: i64,
    /// What went back, in minor units.
    pub amount_refunded: i64,
    /// ISO 4217, lower case as Stripe writes it.
    pub currency: String,
    /// The token it is paid with.
    pub payment_method: Option<String>,
    /// The shop's own fields.
    pub metadata: BTreeMap<String, String>,
    /// What the customer has to do.
    #[serde(default)]
    pub next_action: Option<NextAction>,
    /// Why the last attempt failed.
    pub last_payment_error: Option<PaymentError>,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub canceled_at: Option<i64>,
}

impl Intent {
    /// A line about this intent, for its whole amount.
    #[must_use]
    pub fn entry(self, kind: Kind) -> Entry {
        Entry {
            kind,
            intent_id: self.id.clone(),
            order_id: self.metadata.get(ORDER_ID).cloned().unwrap_or_default(),
            amount: self.amount,
            currency: self.currency.to_ascii_uppercase(),
            refund_id: None,
            intent: self,
        }
    }
}

/// What a customer has to do before they are charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// Always `use_stripe_sdk`: the shop's page asks them.
    pub r#type: String,
}

/// Why a charge failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentError {
    /// Always `card_error`.
    pub r#type: String,
    /// Stripe's error code, such as `card_declined`.
    pub code: String,
    /// The bank's reason, such as `insufficient_funds`.
    pub decline_code: Option<String>,
    /// For people.
    pub message: String,
}
