//! `POST /v1/payment_intents/{id}/confirm`: charge, decline, or wait for the customer; and what the customer does then.

use serde::{Deserialize, Serialize};

use crate::book::{Decision, Moment};
use crate::call::Change;
use crate::gateway::intent::{Entry, Intent, Kind, NextAction, PaymentError, Status};
use crate::gateway::{Gateway, cards, errors};
use crate::reply::Reply;

/// The request. Where the customer goes afterwards is taken, and not looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmIntent {
    #[serde(default)]
    return_url: Option<String>,
}

impl Change for ConfirmIntent {}

/// What the customer does on the page that asks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Says yes.
    Confirm,
    /// Says no.
    Refuse,
}

/// Decides whether the intent can be confirmed. One that waits for its customer goes on waiting.
pub fn decide(gateway: &Gateway, id: &str, moment: &Moment) -> Decision<Entry> {
    let Some(intent) = gateway.intent(id) else {
        return Decision::Answer(errors::missing("intent", "payment_intent", id));
    };
    match intent.status {
        Status::RequiresConfirmation => Decision::Record(confirmed(intent.clone(), moment)),
        Status::RequiresAction => Decision::Answer(Reply::ok(intent)),
        Status::RequiresPaymentMethod | Status::Succeeded | Status::Canceled => {
            let status = intent.status.name();
            let message =
                format!("You cannot confirm this PaymentIntent because it has a status of {status}.");
            Decision::Answer(errors::unexpected_state(intent, &message))
        }
    }
}

/// The intent after an attempt to charge it.
pub fn confirmed(mut intent: Intent, moment: &Moment) -> Entry {
    let token = intent.payment_method.as_deref().unwrap_or_default();
    let declined = cards::declines(token).or_else(|| moment.declined.then(cards::generic));
    match declined {
        Some(reason) => refused(intent, reason),
        None if moment.asked || cards::asks_customer(token) => {
            intent.status = Status::RequiresAction;
            intent.next_action = Some(NextAction { r#type: "use_stripe_sdk".into() });
            intent.entry(Kind::Action)
        }
        None => charged(intent, moment),
    }
}

/// What the customer's act does to an intent that waits for it.
pub fn act(gateway: &Gateway, id: &str, act: Act, moment: &Moment) -> Decision<Entry> {
    let Some(intent) = gateway.intent(id) else {
        return Decision::Answer(errors::missing("intent", "payment_intent", id));
    };
    match (intent.status, act) {
        (Status::RequiresAction, Act::Confirm) => Decision::Record(charged(intent.clone(), moment)),
        (Status::RequiresAction, Act::Refuse) => {
            Decision::Record(refused(intent.clone(), cards::unauthenticated()))
        }
        _ => {
            let message = "This PaymentIntent does not wait for its customer.";
            Decision::Answer(errors::unexpected_state(intent, message))
        }
    }
}

fn charged(mut intent: Intent, moment: &Moment) -> Entry {
    intent.status = Status::Succeeded;
    intent.next_action = None;
    intent.amount_received = intent.amount + i64::from(moment.mistaken);
    Entry { amount: intent.amount_received, ..intent.entry(Kind::Charge) }
}

/// As at Stripe, the card is let go: another one would have to be named.
fn refused(mut intent: Intent, reason: PaymentError) -> Entry {
    intent.status = Status::RequiresPaymentMethod;
    intent.next_action = None;
    intent.last_payment_error = Some(reason);
    intent.entry(Kind::Decline)
}
