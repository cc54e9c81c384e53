//! `POST /v1/payment_intents/{id}/cancel`: void an intent, so that it can never be charged.

use serde::{Deserialize, Serialize};

use crate::book::{Decision, Moment};
use crate::call::Change;
use crate::gateway::intent::{Entry, Kind, Status};
use crate::gateway::{Gateway, errors};

/// The request. The reason is accepted as Stripe's is, and not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelIntent {
    #[serde(default)]
    cancellation_reason: Option<String>,
}

impl Change for CancelIntent {}

/// Decides whether the intent can still be voided. Once charged it cannot: then refund.
pub fn decide(gateway: &Gateway, id: &str, moment: &Moment) -> Decision<Entry> {
    let Some(intent) = gateway.intent(id) else {
        return Decision::Answer(errors::missing("intent", "payment_intent", id));
    };
    match intent.status {
        Status::Succeeded | Status::Canceled => {
            let status = intent.status.name();
            let message = format!(
                "You cannot cancel this PaymentIntent because it has a status of {status}. Only a PaymentIntent \
                 with one of the following statuses may be canceled: requires_payment_method, \
                 requires_confirmation, requires_action."
            );
            Decision::Answer(errors::unexpected_state(intent, &message))
        }
        Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => {
            let mut intent = intent.clone();
            intent.status = Status::Canceled;
            intent.next_action = None;
            intent.canceled_at = Some(moment.now.as_second());
            Decision::Record(intent.entry(Kind::Void))
        }
    }
}
