//! An order as it is known: what it is, and what has been said of it. Pure.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use orderflow::{
    events::{OrderCancelRequested, Record, ReviewDecided, ShadowScored},
    order_state::{Facts, State, Step},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    acts,
    entry::{Entry, Said},
    put_aside,
};

/// What an order is: the same in every event that carries it, and whether its customer was erased since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    pub customer_id: String,
    /// Its data key was erased: who placed it is nobody any more.
    pub erased: bool,
    /// Minor units.
    pub total: i64,
    /// ISO 4217.
    pub currency: String,
    pub placed_at: Timestamp,
}

/// An entry, and its place in order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    pub place: u64,
    pub entry: Entry,
}

/// An order with its timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub id: Uuid,
    /// Not known until an event that carries the order has come.
    pub about: Option<About>,
    /// As it happened.
    pub timeline: Vec<Arrived>,
    /// What is known and is no line of its own.
    pub known: Vec<Arrived>,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub order_id: Uuid,
    pub state: String,
    pub step: Option<String>,
    #[serde(flatten)]
    pub about: About,
}

/// What came of an order's review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// `approve`, `reject` or `cancelled`.
    pub decision: String,
    /// Who; `null` for policy and for the customer.
    pub reviewer: Option<String>,
    pub decided_at: Timestamp,
}

impl About {
    /// From an order's fields in Redis, once they are there.
    pub fn read(fields: &HashMap<String, String>, erased: bool) -> Option<Self> {
        Some(Self {
            customer_id: fields.get("customer")?.clone(),
            erased,
            total: fields.get("total")?.parse().ok()?,
            currency: fields.get("currency")?.clone(),
            placed_at: Timestamp::from_microsecond(fields.get("placed_at")?.parse().ok()?).ok()?,
        })
    }
}

impl Summary {
    /// From an order's fields in Redis, once they are there.
    pub fn read(order_id: Uuid, fields: &HashMap<String, String>, erased: bool) -> Option<Self> {
        let step = fields.get("step").filter(|step| !step.is_empty()).cloned();
        Some(Self {
            order_id,
            state: fields.get("state")?.clone(),
            step,
            about: About::read(fields, erased)?,
        })
    }
}

impl Order {
    /// An order with these entries, in any order.
    pub fn new(id: Uuid, about: Option<About>, mut timeline: Vec<Arrived>) -> Self {
        timeline.sort_by_key(|Arrived { entry, .. }| (entry.at, entry.logged_at, entry.id));
        let (timeline, mut known) = put_aside::shown(timeline);
        let (beside, timeline): (Vec<_>, Vec<_>) = timeline.into_iter().partition(|a| is_beside(&a.entry));
        known.extend(beside);
        Self { id, about, timeline, known }
    }

    /// Its entries, as they happened.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.timeline.iter().map(|arrived| &arrived.entry)
    }

    /// Whether all that led to what is known is known too. An answer may be read before what it answers, from another
    /// topic; what stands behind a dead letter need not be on the timeline.
    pub fn is_whole(&self) -> bool {
        let ids: HashSet<Uuid> = self.timeline.iter().chain(&self.known).map(|a| a.entry.id).collect();
        let shown = self.entries().filter(|entry| entry.put_aside.is_none() && entry.act_at.is_none());
        shown.filter_map(|entry| entry.cause).all(|cause| ids.contains(&cause))
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        let mut known = Facts::default();
        for Arrived { entry, .. } in self.timeline.iter().chain(&self.known) {
            put_aside::tell(entry, &mut known);
        }
        known.state()
    }

    /// Whether somebody has asked to cancel it.
    pub fn cancel_requested(&self) -> bool {
        self.entries().any(|entry| OrderCancelRequested::is_named(&entry.kind))
    }

    /// Whether it has ever waited for a person.
    pub fn was_held(&self) -> bool {
        self.entries().any(|entry| matches!(entry.review, Some(Said::Held { .. })))
    }

    /// What came of its review: what the order was judged, else the first decision of a person, which will be.
    pub fn decision(&self) -> Option<Decision> {
        let decided = |entry: &Entry| {
            let (decision, reviewer) = match entry.review.as_ref()? {
                Said::Judged { approved, reviewer } => {
                    (if *approved { "approve" } else { "reject" }.to_owned(), reviewer.clone())
                }
                Said::Cancelled => ("cancelled".to_owned(), None),
                _ => return None,
            };
            Some(Decision { decision, reviewer, decided_at: entry.at })
        };
        self.entries().find_map(decided).or_else(|| self.first_review())
    }

    /// The first on the log, whatever the clocks of those who took them in said.
    fn first_review(&self) -> Option<Decision> {
        let reviews = self.entries().filter(|entry| ReviewDecided::is_named(&entry.kind));
        let first = reviews.min_by_key(|entry| entry.offset)?;
        let Some(Said::Decided { decision, reviewer }) = &first.review else { return None };
        let (decision, reviewer) = (decision.clone(), Some(reviewer.clone()));
        Some(Decision { decision, reviewer, decided_at: first.at })
    }

    /// The highest place in order of arrival.
    pub fn last_place(&self) -> u64 {
        self.timeline.iter().map(|arrived| arrived.place).max().unwrap_or(0)
    }
}

/// Whether an entry only says more of another one.
fn is_beside(entry: &Entry) -> bool {
    ShadowScored::is_named(&entry.kind) || acts::is_beside(entry)
}

/// A state as it is shown and indexed: its name, and the step of an order on its way.
pub fn names(state: State) -> (&'static str, Option<&'static str>) {
    match state {
        State::InProgress(step) => ("InProgress", Some(step_name(step))),
        State::Parked => ("Parked", None),
        State::Rejected => ("Rejected", None),
        State::OutOfStock => ("OutOfStock", None),
        State::Declined => ("Declined", None),
        State::Cancelled => ("Cancelled", None),
        State::Undeliverable => ("Undeliverable", None),
        State::Fulfilled => ("Fulfilled", None),
    }
}

fn step_name(step: Step) -> &'static str {
    match step {
        Step::Accepted => "accepted",
        Step::Held => "held",
        Step::Validated => "validated",
        Step::Reserved => "reserved",
        Step::Paid => "paid",
        Step::Refunding => "refunding",
    }
}

/// Every state's name, as a list may be filtered by.
pub const STATES: [&str; 8] =
    ["InProgress", "Parked", "Rejected", "OutOfStock", "Declined", "Cancelled", "Undeliverable", "Fulfilled"];
