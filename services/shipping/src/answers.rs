//! What the carrier's answers mean; nothing in an answer is taken on trust.

use orderflow::fault::Fault;
use reqwest::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    carrier::{Answer, Label},
    tracking,
};

const LONGEST_NAME: usize = 128;

/// The code of an address nobody can deliver to.
const UNDELIVERABLE: &str = "undeliverable_address";

/// The code of an order that was voided.
const VOIDED: &str = "order_voided";

/// A label, as the carrier shows it.
#[derive(Debug, Deserialize)]
pub struct Bought {
    label_id: String,
    tracking_number: String,
    carrier: String,
    service_level: String,
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

/// What a void of an order found, as the carrier shows it.
#[derive(Debug, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum VoidedOrder {
    /// There is no label, and there never will be.
    Voided {
        /// The order.
        order_id: String,
    },
    /// One was bought before.
    LabelBought {
        /// The label.
        label: Bought,
    },
}

/// A pickup, as the carrier shows it.
#[derive(Debug, Deserialize)]
pub struct Booked {
    pickup_id: String,
}

/// A problem (RFC 9457) with a stable code.
#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default)]
    code: Option<String>,
}

/// What a status and a body say.
#[derive(Debug)]
pub enum Said<T> {
    /// It is done.
    Done(T),
    /// It never will be.
    Refused(Answer),
    /// There is no such thing.
    Absent,
}

/// Reads an answer.
///
/// # Errors
/// Those of [`crate::carrier::Carrier`].
pub fn read<T: for<'a> Deserialize<'a>>(status: StatusCode, body: &[u8]) -> Result<Said<T>, Fault> {
    if status.is_success() {
        return parse(body).map(Said::Done);
    }
    let says = format!("the carrier answers {status}");
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => refusal(&parse(body)?),
        StatusCode::NOT_FOUND => match parse::<Problem>(body) {
            Ok(Problem { code: Some(code) }) if code == "not_found" => Ok(Said::Absent),
            _ => Err(wrong_address()),
        },
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
            Err(Fault::transient("carrier_timeout", says))
        }
        StatusCode::CONFLICT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(Fault::transient("carrier_busy", says))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Fault::fatal("carrier_unauthorized", says)),
        _ if status.is_client_error() => {
            let code = parse::<Problem>(body).ok().and_then(|problem| plain(problem.code?.as_str()));
            let message = format!("{says} {}: it does not take our request", code.unwrap_or_default());
            Err(Fault::poison("carrier_rejects_request", message))
        }
        _ => Err(Fault::transient("carrier_unavailable", says)),
    }
}

fn refusal<T>(problem: &Problem) -> Result<Said<T>, Fault> {
    match problem.code.as_deref() {
        Some("idempotency_key_reused") => {
            let message = "the carrier knows another parcel under this order's key";
            Err(Fault::poison("carrier_rejects_request", message))
        }
        Some(VOIDED) => Ok(Said::Refused(Answer::Voided)),
        code => Ok(Said::Refused(Answer::Refused {
            undeliverable: code == Some(UNDELIVERABLE),
            code: code.and_then(plain),
        })),
    }
}

fn parse<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Fault> {
    // Transient, since a label may stand behind what cannot be read; the body is not repeated, it may say anything.
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the carrier's answer cannot be read: {:?} error", error.classify());
        Fault::transient("carrier_unreadable", message)
    })
}

/// Only a wrong address says so: an outage to wait out, not a fault of the order.
pub fn wrong_address() -> Fault {
    Fault::transient("carrier_unavailable", "the carrier does not know this path: check CARRIER_URL")
}

/// An answer that belongs to another question.
pub fn out_of_place() -> Fault {
    Fault::poison("carrier_bad_answer", "the carrier answers another question than it was asked")
}

impl Bought {
    /// Whether it was given back.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.status.as_deref() == Some("voided")
    }

    /// The label, when it is one for this order.
    ///
    /// # Errors
    /// `Poison` when it is another order's, or when anything in it could not stand on a label.
    pub fn label(self, order_id: Uuid) -> Result<Label, Fault> {
        let wrong = |what| Fault::poison("carrier_bad_answer", format!("the carrier's label {what}"));
        if self.order_id.is_some_and(|theirs| theirs != order_id.to_string()) {
            return Err(wrong("is another order's"));
        }
        if !tracking::is_valid(&self.tracking_number) {
            return Err(wrong("has a tracking number with a wrong check digit, or none of UPU S10"));
        }
        let printable =
            |text: &str| text.len() <= LONGEST_NAME && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if self.carrier.trim().is_empty() || !printable(&self.carrier) {
            return Err(wrong("names no carrier"));
        }
        Ok(Label {
            label_id: plain(&self.label_id).ok_or_else(|| wrong("has no id"))?,
            tracking_number: self.tracking_number,
            carrier: self.carrier,
            service_level: plain(&self.service_level).ok_or_else(|| wrong("has no service level"))?,
        })
    }
}

impl VoidedOrder {
    /// The label that was bought before, if so.
    ///
    /// # Errors
    /// `Poison` when the answer is about another order, or when the label is none.
    pub fn label(self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        match self {
            Self::Voided { order_id: theirs } if theirs != order_id.to_string() => Err(out_of_place()),
            Self::Voided { .. } => Ok(None),
            Self::LabelBought { label } => label.label(order_id).map(Some),
        }
    }
}

impl Booked {
    /// The pickup's id.
    ///
    /// # Errors
    /// `Poison` when it is none.
    pub fn pickup_id(self) -> Result<String, Fault> {
        plain(&self.pickup_id)
            .ok_or_else(|| Fault::poison("carrier_bad_answer", "the carrier's pickup has no id"))
    }
}

/// A code or id that can go into events, keys and paths as it is.
fn plain(text: &str) -> Option<String> {
    let fits = (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
