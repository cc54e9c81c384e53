//! `POST /v1/refunds`: give back a charge, all or in part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::book::{Decision, Moment};
use crate::gateway::intent::{Entry, Kind, Status};
use crate::gateway::{Gateway, LedgerLine, errors};
use crate::reply::Reply;

/// The request. Without an amount, all that is left goes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRefund {
    payment_intent: String,
    #[serde(default)]
    amount: Option<i64>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Decides whether the refund can be made. Refunds together never exceed the charge.
pub fn decide(gateway: &Gateway, request: &CreateRefund, moment: &Moment) -> Decision<Entry> {
    let refuse = |param, code, message: &str| Decision::Answer(errors::invalid(param, code, message));
    let Some(intent) = gateway.intent(&request.payment_intent) else {
        return Decision::Answer(errors::missing(
            "payment_intent",
            "payment_intent",
            &request.payment_intent,
        ));
    };
    if intent.status != Status::Succeeded {
        let message = "This PaymentIntent does not have a successful charge to refund.";
        return Decision::Answer(errors::unexpected_state(intent, message));
    }
    let left = intent.amount_received - intent.amount_refunded;
    if left == 0 {
        return refuse("payment_intent", "charge_already_refunded", "The charge has already been refunded.");
    }
    let amount = request.amount.unwrap_or(left);
    if amount < 1 {
        return refuse("amount", "amount_too_small", "The amount is at least 1, in minor units.");
    }
    if amount > left {
        let message = format!("The refund ({amount}) is greater than what is left of the charge ({left}).");
        return refuse("amount", "amount_too_large", &message);
    }
    let mut intent = intent.clone();
    intent.amount_refunded += amount;
    let refund_id = Some(moment.id("re", &intent.id));
    Decision::Record(Entry { amount, refund_id, ..intent.entry(Kind::Refund) })
}

/// The refund, as the caller sees it.
pub fn shown(line: &LedgerLine) -> Reply {
    let entry = &line.entry;
    Reply::ok(&json!({
        "id": entry.refund_id,
        "object": "refund",
        "status": "succeeded",
        "amount": entry.amount,
        "currency": entry.intent.currency,
        "payment_intent": entry.intent_id,
        "metadata": entry.intent.metadata,
        "created": line.at.as_second(),
    }))
}
