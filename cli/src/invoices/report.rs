//! What became of a file of invoices.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Books, Other};
use crate::load::Summary;

/// What became of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It takes back all of an order that was in flight: the cancel is on the log.
    Requested,
    /// It takes back all of an order that was finished.
    ReturnAfterTheEnd,
    /// It takes back a part of an order, or its goods at another price.
    ReturnOfAPart,
    /// It takes back what nobody bought in this replay.
    ReturnFromBefore,
    /// It takes back all of an order that was not placed, or not accepted.
    NotOrdered,
    /// order-status did not take it.
    Failed,
}

impl Fate {
    /// For people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Requested => "cancel requested",
            Self::ReturnAfterTheEnd => "return: the order was finished",
            Self::ReturnOfAPart => "return: a part of an order, or at another price",
            Self::ReturnFromBefore => "return: no such order in this replay",
            Self::NotOrdered => "nothing to cancel: the order was not accepted",
            Self::Failed => "cancel failed",
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Rows in the period.
    pub rows: u64,
    /// Those that sell goods.
    pub sale_rows: u64,
    /// Those that take goods back.
    pub return_rows: u64,
    /// Those that do neither, by what they are.
    pub other_rows: BTreeMap<Other, u64>,
    /// Invoices that sell something: each is one order.
    pub invoices: u64,
    /// Those that could not be sent, by the reason.
    pub left_out: BTreeMap<String, u64>,
    /// Those without a country, which were sent to the shop's own.
    pub without_country: u64,
    /// The orders, as they were answered.
    pub requests: Summary,
    /// What the accepted orders cost, in pence.
    pub accepted_total: i64,
    /// Cancellations of goods, by what became of them.
    pub cancellations: BTreeMap<Fate, u64>,
    /// Why the first cancel failed, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_failure: Option<String>,
}

impl Report {
    /// Of the books alone, before anything was sent.
    pub(super) fn of(books: &Books) -> Self {
        let Books { rows, sale_rows, return_rows, other_rows, .. } = books.clone();
        Self { rows, sale_rows, return_rows, other_rows, ..Self::default() }
    }

    pub(super) fn count(&mut self, fate: Fate) {
        *self.cancellations.entry(fate).or_default() += 1;
    }

    /// Whether some order was accepted and everybody answered. A refusal is an answer.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let Summary { accepted, repeated, failed, .. } = &self.requests;
        accepted + repeated > 0 && failed.is_empty() && self.cancel_failure.is_none()
    }
}
