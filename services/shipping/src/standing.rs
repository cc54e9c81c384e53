//! Where an order stands with shipping, and which of a payment and a cancel decides what becomes of it.
//!
//! ```text
//! none ─┬─► labelling ───┬─► labelled
//!       │  (payment)     ├─► failed
//!       │                └─► cancelled, should the carrier hold the order for voided
//!       └─► cancelling ──┬─► cancelled
//!          (cancel)      └─► labelled, when one was bought before
//! ```
//! `labelling` and `cancelling` leave only by the carrier's answer for that order. The scripts are the same decisions,
//! taken where they are stored; a test holds the two to each other.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use jiff::fmt::serde::timestamp::microsecond::required as micros;

/// Why an order is not cancelled any more. Stable: they stand in `OrderCancelRejected.reason`.
pub mod too_late {
    /// A label is bought or being bought.
    pub const LABEL_BOUGHT: &str = "label_bought";
    /// The carrier has refused the order already.
    pub const UNDELIVERABLE: &str = "undeliverable";
}

/// Where an order stands, once anything was heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// A cancel came before the payment: no label is to be bought.
    Cancelling,
    /// The payment came first: the carrier may have been asked for a label.
    Labelling,
    /// Decided for good.
    Settled(Outcome),
}

/// How it ended, and when that was learnt. Kept in Redis as JSON, hence the short names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // the fields of ShippingLabelGenerated, ShippingFailed and ShippingCancelled
pub enum Outcome {
    #[serde(rename = "labelled")]
    Labelled {
        #[serde(rename = "at", with = "micros")]
        at: Timestamp,
        #[serde(rename = "id")]
        label_id: String,
        #[serde(rename = "no")]
        tracking_number: String,
        #[serde(rename = "by")]
        carrier: String,
        #[serde(rename = "level")]
        service_level: String,
    },
    #[serde(rename = "failed")]
    Failed {
        #[serde(rename = "at", with = "micros")]
        at: Timestamp,
        #[serde(rename = "why")]
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    #[serde(rename = "cancelled")]
    Cancelled {
        #[serde(rename = "at", with = "micros")]
        at: Timestamp,
    },
}

/// What was told of a cancel that came too late. An order's cancel is rejected at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The event that was answered with it: the cancel, or a payment that found the label bought already.
    pub event: Uuid,
    /// When that was decided.
    pub at: Timestamp,
    /// One of [`too_late`].
    pub reason: String,
}

/// What the log says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A cancel was asked for.
    CancelRequested,
    /// Its cancel was rejected.
    Rejected(Rejection),
    /// It ended.
    Ended(Outcome),
}

/// All that is kept of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub phase: Option<Phase>,
    /// Whether and how its cancel was rejected.
    pub rejection: Option<Rejection>,
}

impl Standing {
    /// The order is paid: a label begins, unless a cancel came first.
    pub fn begin(&mut self) -> Phase {
        self.phase.get_or_insert(Phase::Labelling).clone()
    }

    /// A cancel is asked for: it is kept while nothing has begun, and rejected from then on, unless somebody was told
    /// so already. What this event is told stays the same.
    pub fn cancel(&mut self, event: Uuid, at: Timestamp) -> Option<Rejection> {
        let reason = match self.phase.get_or_insert(Phase::Cancelling) {
            Phase::Cancelling | Phase::Settled(Outcome::Cancelled { .. }) => None,
            Phase::Labelling | Phase::Settled(Outcome::Labelled { .. }) => Some(too_late::LABEL_BOUGHT),
            Phase::Settled(Outcome::Failed { .. }) => Some(too_late::UNDELIVERABLE),
        };
        if let Some(reason) = reason {
            self.rejection.get_or_insert(Rejection { event, at, reason: reason.to_owned() });
        }
        self.told(event)
    }

    /// The carrier has answered: which outcome holds (the first), and what this payment's event is told about a cancel
    /// that came before it, and yet too late.
    pub fn settle(&mut self, event: Uuid, outcome: Outcome) -> (Outcome, Option<Rejection>) {
        let held = match self.phase.take() {
            Some(Phase::Settled(first)) => first,
            Some(Phase::Cancelling) => {
                self.rejection = outcome.rejection(event);
                outcome
            }
            Some(Phase::Labelling) | None => outcome,
        };
        self.phase = Some(Phase::Settled(held.clone()));
        (held, self.told(event))
    }

    fn told(&self, event: Uuid) -> Option<Rejection> {
        self.rejection.clone().filter(|rejection| rejection.event == event)
    }

    /// Takes in what the log says, in any order and any number of times.
    pub fn recall(&mut self, said: Said) {
        match said {
            Said::CancelRequested => {
                self.phase.get_or_insert(Phase::Cancelling);
            }
            Said::Rejected(rejection) => {
                self.rejection.get_or_insert(rejection);
                // Whoever was told that it is too late must not see the cancel win after all.
                if matches!(self.phase, None | Some(Phase::Cancelling)) {
                    self.phase = Some(Phase::Labelling);
                }
            }
            Said::Ended(outcome) => {
                if !matches!(self.phase, Some(Phase::Settled(_))) {
                    self.phase = Some(Phase::Settled(outcome));
                }
            }
        }
    }
}

impl Outcome {
    /// What this payment's event is told of a cancel that came before it, and yet after the label.
    #[must_use]
    pub fn rejection(&self, event: Uuid) -> Option<Rejection> {
        match self {
            Self::Labelled { at, .. } => {
                Some(Rejection { event, at: *at, reason: too_late::LABEL_BOUGHT.to_owned() })
            }
            Self::Failed { .. } | Self::Cancelled { .. } => None,
        }
    }
}
