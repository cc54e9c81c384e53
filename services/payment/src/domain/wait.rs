//! A payment that waits for its customer (3-D Secure) or for the bank: data in, data out.
//!
//! The reservation's step says so (PaymentActionRequired), and never anything else of that order again. How it ends is told
//! by one alone, whoever finds it first: a callback of the gateway, or the deadline. The others find who it was and say
//! nothing.
//!
//! [`Payment`] is the twin of `begin.lua`, `opened.lua`, `cancel.lua`, `wait.lua` and `settle.lua`; a test holds them to
//! each other.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use orderflow::events::{Order, PaymentActionRequired};
use uuid::Uuid;

use super::{Outcome, PaymentEnded, PaymentEvent, Phase};

/// That an order's payment waits, as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Since when.
    pub required_at: Timestamp,
    /// Until when.
    pub respond_by: Timestamp,
    /// The gateway's id of the payment.
    pub intent_id: String,
}

/// Who tells how a payment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// The step that reads the reservation.
    Reservation,
    /// The step that reads this callback.
    Callback(Uuid),
    /// The deadline.
    Deadline,
}

/// How a payment ended, as somebody has found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// Who tells it.
    pub teller: Teller,
    /// Whether the teller knows whether the payment waits.
    pub knows_wait: bool,
    /// Whether it is told already, on the log.
    pub is_told: bool,
}

/// What is known of an order's payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
    pub phase: Phase,
    /// That it waits, or has waited.
    pub wait: Option<Wait>,
    /// Who tells how it ended.
    pub teller: Teller,
}

impl Known {
    /// Whether the payment has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Settled(_))
    }

    /// What the reservation's step says: that the payment waits, where it does or did, or else how it ended. Nothing while
    /// neither is known; and nothing when its end was told by another and the wait itself was not, since the record is
    /// read again after a crash.
    #[must_use]
    pub fn to_reservation(self, order: &Arc<Order>) -> Option<PaymentEvent> {
        match self.wait.clone() {
            Some(wait) => Some(event(order, wait).into()),
            None => self.to(Teller::Reservation, order).map(PaymentEvent::from),
        }
    }

    /// How the payment ended, if it is this one's to tell.
    #[must_use]
    pub fn to(self, teller: Teller, order: &Arc<Order>) -> Option<PaymentEnded> {
        match self.phase {
            Phase::Settled(outcome) if self.teller == teller => {
                Some(super::event(Arc::clone(order), outcome))
            }
            _ => None,
        }
    }
}

/// The event that tells of the wait: the same for the same wait.
fn event(order: &Arc<Order>, wait: Wait) -> PaymentActionRequired {
    let Wait { required_at, respond_by, intent_id } = wait;
    PaymentActionRequired { order: Arc::clone(order), intent_id, respond_by, required_at }
}

/// An order's payment in memory, with nothing known of it at first.
#[derive(Debug, Clone, Default)]
pub struct Payment {
    /// Where it stands.
    pub phase: Option<Phase>,
    /// That it waits, or has waited.
    pub wait: Option<Wait>,
    /// Who told how it ended, where it is not the reservation's step.
    pub teller: Option<Teller>,
    /// Whether its deadline stands.
    pub is_due: bool,
}

impl Payment {
    /// Takes down that the payment waits; the first wait holds. A payment that is over has not waited, unless that is told
    /// already, on the log.
    pub fn wait(&mut self, wait: Wait, is_told: bool) {
        let is_over = matches!(self.phase, Some(Phase::Settled(_)));
        if is_over && !is_told {
            return;
        }
        if self.wait.is_none() {
            self.wait = Some(wait);
            self.is_due = !is_over;
        }
        if !is_over {
            self.phase = Some(Phase::Waiting);
        }
    }

    /// Takes down how the payment ended; the first end holds. Whoever does not know that it waits cannot end the wait: the
    /// reservation's step has said that it does.
    pub fn settle(&mut self, end: End) {
        match self.phase {
            Some(Phase::Settled(_)) => return,
            Some(Phase::Waiting) if !end.knows_wait => return,
            _ => {}
        }
        self.phase = Some(Phase::Settled(end.outcome));
        self.teller = Some(end.teller);
        // The deadline's own stays until what it tells is committed.
        self.is_due &= end.teller == Teller::Deadline && !end.is_told;
    }

    /// What is known of it; `None` when nothing is.
    #[must_use]
    pub fn known(&self) -> Option<Known> {
        let teller = self.teller.unwrap_or(Teller::Reservation);
        Some(Known { phase: self.phase.clone()?, wait: self.wait.clone(), teller })
    }
}

impl fmt::Display for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reservation => f.write_str("reservation"),
            Self::Callback(event) => write!(f, "{event}"),
            Self::Deadline => f.write_str("deadline"),
        }
    }
}

impl FromStr for Teller {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Ok(match text {
            // What nobody is named for is the reservation's.
            "" | "reservation" => Self::Reservation,
            "deadline" => Self::Deadline,
            event => Self::Callback(event.parse()?),
        })
    }
}
