//! Orders that are held for a person to review, and how they end: in plain Rust, the twin of `held.lua` and of the
//! scripts that stand on it. A property test holds the two to each other.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    events::{FraudDecision, Order, OrderFraudDetected, OrderValidatedForFraud},
    step::Outcome,
};
use uuid::Uuid;

use crate::domain::{Closing, Ending, ReviewTimes, on_expiry, reviewed};

/// What is kept of a held order.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The order as it was accepted.
    pub order: Arc<Order>,
    /// How it was scored.
    pub decision: FraudDecision,
    /// The deadlines of its review.
    pub times: ReviewTimes,
    /// The OrderPlaced event: it waits for the deadlines.
    pub cause: Envelope,
    /// The partition of `orders` it came by. Who holds that partition keeps the deadlines.
    pub partition: i32,
}

/// A held order, and how it ended, if it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The order.
    pub held: Held,
    /// Its end.
    pub closing: Option<Closing>,
}

/// What the log tells of held orders.
#[derive(Debug, Clone, PartialEq)]
pub enum Past {
    /// The order was held.
    Held(Box<Held>),
    /// People were reminded of it.
    Escalated(Uuid),
    /// It was closed.
    Closed(Uuid, Closing),
}

impl Review {
    /// The event that tells of a review's decision; nothing of an order that is open, or was cancelled.
    #[must_use]
    pub fn decided<E: From<OrderValidatedForFraud> + From<OrderFraudDetected>>(self) -> Outcome<E> {
        let Some(closing) = self.closing else { return Outcome::nothing() };
        let (order, decision) = (self.held.order, reviewed(self.held.decision, &closing));
        match closing.ending {
            Ending::Approved => Outcome::event(OrderValidatedForFraud { order, decision }),
            Ending::Rejected => Outcome::event(OrderFraudDetected { order, decision }),
            Ending::Cancelled => Outcome::nothing(),
        }
    }

    /// Names what is due of it: the reminder, or the decision.
    #[must_use]
    pub fn entry(&self) -> String {
        let what = if self.closing.is_some() { "decided" } else { "escalated" };
        format!("{what} {}", self.held.order.order_id)
    }
}

/// Held orders in memory.
#[derive(Debug, Default)]
pub struct HeldOrders(BTreeMap<Uuid, Entry>);

/// What is known of one order; in a rebuild its end or its reminder may be known first.
#[derive(Debug, Default)]
struct Entry {
    held: Option<Held>,
    escalated: bool,
    closing: Option<Closing>,
    /// Whether something of it is due some day.
    listed: bool,
}

impl HeldOrders {
    /// Holds the order; it stays as it was held first.
    pub fn hold(&mut self, held: Held) {
        let entry = self.0.entry(held.order.order_id).or_default();
        if entry.held.is_none() {
            entry.held = Some(held);
            entry.listed = entry.closing.is_none();
        }
    }

    /// Closes the order, if it is held and open. Answers with its end when it is this event that has closed it, now or
    /// before.
    pub fn close(&mut self, order: Uuid, closing: Closing) -> Option<Review> {
        let entry = self.0.get_mut(&order)?;
        let held = entry.held.clone()?;
        let by = closing.by;
        if entry.closing.is_none() {
            entry.closing = Some(closing);
            entry.listed = false;
        }
        let closing = entry.closing.clone().filter(|closing| closing.by == by)?;
        Some(Review { held, closing: Some(closing) })
    }

    /// What is due at `now` in these partitions, at most `limit`, oldest first: open reviews to remind of, and those
    /// that `expired` has closed. The same again until it is [settled](Self::settled).
    pub fn due(
        &mut self,
        now: Timestamp,
        partitions: &[i32],
        limit: usize,
        expired: &Expired,
    ) -> Vec<Review> {
        let due = |(order, entry): (&Uuid, &Entry)| {
            let at = entry.due_at().filter(|at| *at <= now)?;
            let held = entry.held.as_ref()?;
            partitions.contains(&held.partition).then_some((at, *order))
        };
        let mut found: Vec<(Timestamp, Uuid)> = self.0.iter().filter_map(due).collect();
        found.sort_unstable();
        found.truncate(limit);
        found.into_iter().filter_map(|(_, order)| self.0.get_mut(&order)?.expire(now, expired)).collect()
    }

    /// Takes note that what was due is committed; `entry` as [`Review::entry`] names it.
    pub fn settled(&mut self, entry: &str) {
        let Some((what, order)) = entry.split_once(' ') else { return };
        let Some(entry) = Uuid::parse_str(order).ok().and_then(|order| self.0.get_mut(&order)) else {
            return;
        };
        match what {
            "decided" => entry.listed = false,
            _ => entry.escalated |= entry.held.is_some(),
        }
    }

    /// Takes in what the log tells, in any order.
    pub fn restore(&mut self, past: Past) {
        match past {
            Past::Held(held) => self.hold(*held),
            Past::Escalated(order) => self.0.entry(order).or_default().escalated = true,
            Past::Closed(order, closing) => {
                let entry = self.0.entry(order).or_default();
                entry.closing.get_or_insert(closing);
                entry.listed = false;
            }
        }
    }
}

/// How policy closes what nobody has reviewed in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Expired {
    /// A score above this is rejected, any other approved; 0 to 1.
    pub reject_above: f64,
    /// The name it goes by as a reviewer.
    pub reviewer: &'static str,
    /// Why it decides.
    pub reason: &'static str,
}

impl Entry {
    fn due_at(&self) -> Option<Timestamp> {
        let times = self.held.as_ref().filter(|_| self.listed)?.times;
        Some(if self.escalated { times.review_by } else { times.escalate_at })
    }

    /// What is due of it; closes it when it is time.
    fn expire(&mut self, now: Timestamp, expired: &Expired) -> Option<Review> {
        let held = self.held.clone()?;
        if self.escalated && self.closing.is_none() {
            self.closing = Some(Closing {
                by: held.cause.id,
                ending: on_expiry(held.decision.score, expired.reject_above),
                at: now,
                reviewer: expired.reviewer.to_owned(),
                reason: expired.reason.to_owned(),
            });
        }
        Some(Review { held, closing: self.closing.clone() })
    }
}
