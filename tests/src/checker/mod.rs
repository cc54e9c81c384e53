//! The independent checker: holds what a run has left behind to the promises, and shares no decision with the services.
//!
//! It reads [`Evidence`] and nothing else. Records are decoded by the schema their writer has registered, with another Avro
//! library than the services'; what a life of an order may look like is its own table ([`life`]); ids, stock and money it
//! counts itself. So a bug in a service cannot hide in the checker as well.
//!
//! | invariant | file | promise |
//! |---|---|---|
//! | I1 | [`accepted`] | every 202 is on the log |
//! | I2 | [`ends`] | every order has exactly one end, or rests |
//! | I3 | [`money`] | one capture at most; what was captured less what went back is what was served |
//! | I4 | [`stock`] | stock changes only by adjustments, never below zero, and Redis says what the log says |
//! | I5 | [`order`] | an order's events keep their order |
//! | I6 | [`once`] | each input has its outputs, once, under ids that a repeat has too |
//! | I6 | [`documents`] | label documents that were told of are in the object store, and no others |
//! | I7 | [`letters`] | dead letters are what came, and none is left open |
//! | I8 | [`compensation`] | what is undone is undone once |
//! | I9 | [`committed`] | nothing follows from what was not committed |
//! | I10 | [`answers`] | the same key, the same answer |

mod accepted;
mod answers;
pub mod case;
mod committed;
mod compensation;
mod decode;
pub mod documents;
mod ends;
pub mod event;
mod headers;
mod history;
pub mod ids;
pub mod ledgers;
mod letters;
pub mod life;
mod money;
mod once;
mod order;
mod shelf;
mod stock;

use std::fmt;

use anyhow::Result;
use uuid::Uuid;

use crate::chaos::evidence::Evidence;
pub use case::{Case, Parts};

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which: `I1` to `I10`.
    pub invariant: &'static str,
    /// The order it is about, if it is about one.
    pub order: Option<Uuid>,
    /// What is wrong.
    pub what: String,
    /// All that is known of the order, by time.
    pub history: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.invariant)?;
        if let Some(order) = self.order {
            write!(f, "order {order}: ")?;
        }
        f.write_str(&self.what)?;
        self.history.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Holds the evidence to every promise.
///
/// # Errors
/// When the registry, Redis or a ledger cannot be read.
pub async fn check(evidence: &Evidence) -> Result<Vec<Violation>> {
    Ok(judge(&case::gather(evidence).await?))
}

/// The same, once everything is gathered.
#[must_use]
pub fn judge(case: &Case) -> Vec<Violation> {
    let checks: [fn(&Case) -> Vec<Violation>; 11] = [
        accepted::check,
        ends::check,
        money::check,
        stock::check,
        order::check,
        once::check,
        documents::check,
        letters::check,
        compensation::check,
        committed::check,
        answers::check,
    ];
    checks.iter().flat_map(|check| check(case)).collect()
}
