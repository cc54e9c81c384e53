//! `POST /v1/refunds`: give back a charge, all or in part. `GET /v1/refunds`: what went back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::book::{Decision, Moment};
use crate::call::Change;
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

impl Change for CreateRefund {}

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

/// The answer to the request that made this refund.
pub fn shown(line: &LedgerLine) -> Reply {
    Reply::ok(&refund(line))
}

/// The refunds of an intent, newest first.
pub fn list(gateway: &Gateway, intent_id: &str) -> Reply {
    if gateway.intent(intent_id).is_none() {
        return errors::missing("payment_intent", "payment_intent", intent_id);
    }
    let data: Vec<_> = gateway.refunds_of(intent_id).map(refund).collect();
    Reply::ok(&json!({"object": "list", "url": "/v1/refunds", "data": data, "has_more": false}))
}

/// The refund, as the caller sees it.
fn refund(line: &LedgerLine) -> Value {
    let entry = &line.entry;
    json!({
        "id": entry.refund_id,
        "object": "refund",
        "status": "succeeded",
        "amount": entry.amount,
        "currency": entry.intent.currency,
        "payment_intent": entry.intent_id,
        "metadata": entry.intent.metadata,
        "created": line.at.as_second(),
    })
}
