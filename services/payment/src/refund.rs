//! Refunds as the gateway has them: Stripe's (<https://docs.stripe.com/api/refunds>), of which nothing is taken on trust.

use orderflow::{events::Order, fault::Fault};
use serde::Deserialize;

use crate::{gateway::Refunded, intent::plain};

/// A refund, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    id: String,
    #[serde(default)]
    status: Option<String>,
    amount: i64,
    currency: String,
    #[serde(default)]
    payment_intent: Option<String>,
}

impl Refund {
    /// Whether the money goes back: a bank may take days for a pending one, but it has taken it on.
    fn holds(&self) -> bool {
        !matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
}

/// What these refunds of an intent, newest first, say of its order: that its total went back, or `None` when nothing
/// did. The money of several refunds, made by hand, counts together; the newest names them.
///
/// # Errors
/// `Poison` when another amount or currency went back, or the refunds are another payment's.
pub fn together(refunds: &[Refund], order: &Order, intent_id: &str) -> Result<Option<Refunded>, Fault> {
    let held: Vec<&Refund> = refunds.iter().filter(|refund| refund.holds()).collect();
    let Some(newest) = held.first() else { return Ok(None) };
    let theirs = |refund: &&Refund| {
        refund.payment_intent.as_deref() == Some(intent_id)
            && refund.currency.eq_ignore_ascii_case(&order.currency)
    };
    let total = held.iter().try_fold(0i64, |sum, refund| sum.checked_add(refund.amount));
    if !held.iter().all(theirs) || total != Some(order.total) {
        return Err(mismatch(order, "has refunded another amount, currency or payment than the order's"));
    }
    let refund_id = plain(&newest.id).ok_or_else(|| mismatch(order, "gives a refund an unusable id"))?;
    Ok(Some(Refunded { refund_id }))
}

fn mismatch(order: &Order, what: &str) -> Fault {
    Fault::poison("refund_mismatch", format!("the gateway {what} (order {})", order.order_id))
}

/// The gateway neither refunds nor has refunded.
#[must_use]
pub fn failed(order: &Order) -> Fault {
    let message = format!("the gateway cannot give the order's money back (order {})", order.order_id);
    Fault::poison("refund_failed", message)
}
