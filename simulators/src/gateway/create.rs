//! `POST /v1/payment_intents`: an intent, confirmed at once or not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::book::{Decision, Moment};
use crate::call::Change;
use crate::gateway::confirm::confirmed;
use crate::gateway::intent::{Entry, Intent, Kind, ORDER_ID, Status};
use crate::gateway::{cards, errors};
use crate::reply::Reply;

/// Stripe's largest amount: eight digits.
pub const LARGEST_AMOUNT: i64 = 99_999_999;

const METADATA_FIELDS: usize = 50;
const METADATA_NAME: usize = 40;
const METADATA_VALUE: usize = 500;

/// The request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateIntent {
    amount: i64,
    currency: String,
    #[serde(default)]
    payment_method: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    confirm: bool,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    automatic_payment_methods: Option<AutomaticMethods>,
}

impl Change for CreateIntent {
    fn is_decided_outside(&self) -> bool {
        self.confirm
    }
}

/// Which ways of payment are offered: taken, and not looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AutomaticMethods {
    enabled: bool,
    #[serde(default)]
    allow_redirects: Option<String>,
}

/// Decides what becomes of the request.
pub fn decide(request: CreateIntent, moment: &Moment) -> Decision<Entry> {
    if let Err(reply) = check(&request) {
        return Decision::Answer(*reply);
    }
    let intent = unconfirmed(&request, moment);
    Decision::Record(if request.confirm { confirmed(intent, moment) } else { intent.entry(Kind::Intent) })
}

fn unconfirmed(request: &CreateIntent, moment: &Moment) -> Intent {
    let status = match request.payment_method {
        Some(_) => Status::RequiresConfirmation,
        None => Status::RequiresPaymentMethod,
    };
    Intent {
        id: moment.id("pi", request.metadata.get(ORDER_ID).map_or("", String::as_str)),
        object: "payment_intent".into(),
        status,
        amount: request.amount,
        amount_received: 0,
        amount_refunded: 0,
        currency: request.currency.to_ascii_lowercase(),
        payment_method: request.payment_method.clone(),
        metadata: request.metadata.clone(),
        next_action: None,
        last_payment_error: None,
        created: moment.now.as_second(),
        canceled_at: None,
    }
}

fn check(request: &CreateIntent) -> Result<(), Box<Reply>> {
    let bad = |param, code, message| Err(Box::new(errors::invalid(param, code, message)));
    if request.amount < 1 {
        return bad("amount", "amount_too_small", "The amount is at least 1, in minor units.");
    }
    if request.amount > LARGEST_AMOUNT {
        return bad("amount", "amount_too_large", "The amount is at most 99999999, in minor units.");
    }
    if request.currency.len() != 3 || !request.currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return bad("currency", "invalid_currency", "The currency is three letters, as in ISO 4217.");
    }
    match &request.payment_method {
        // The token is not repeated: it might be a card number.
        Some(token) if !cards::is_well_formed(token) => {
            return bad("payment_method", "resource_missing", "There is no such payment method.");
        }
        None if request.confirm => {
            return bad("payment_method", "parameter_missing", "Confirming needs a payment method.");
        }
        _ => {}
    }
    check_metadata(&request.metadata)
}

fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Box<Reply>> {
    let bad = |param, code, message| Err(Box::new(errors::invalid(param, code, message)));
    let fits = |(name, value): (&String, &String)| {
        name.chars().count() <= METADATA_NAME && value.chars().count() <= METADATA_VALUE
    };
    if metadata.len() > METADATA_FIELDS || !metadata.iter().all(fits) {
        let message = "Metadata has at most 50 fields, names of 40 and values of 500 characters.";
        return bad("metadata", "metadata_too_large", message);
    }
    if metadata.get(ORDER_ID).is_none_or(String::is_empty) {
        let message = "This gateway finds intents by their order: send metadata.order_id.";
        return bad("metadata[order_id]", "parameter_missing", message);
    }
    Ok(())
}
