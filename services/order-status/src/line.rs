//! A line of a timeline as it is shown: to anybody, and with more of it to staff.

use std::collections::HashMap;

use jiff::Timestamp;
use orderflow::{
    envelope::Tried,
    events::{OrderCancelRequested, Record, ReviewDecided},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    acts,
    entry::{Entry, Factors, Said},
    order::Order,
    records::Place,
};

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Whoever knows the order's id.
    Anybody,
    /// Staff: by what it was decided, who has acted and why, and where the log has it.
    Staff,
}

/// An event as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The event's id.
    pub id: Uuid,
    /// Its record type.
    pub event: String,
    /// The step or service that made it.
    pub by: String,
    /// When it happened.
    pub at: Timestamp,
    /// The event that led to it.
    pub cause: Option<Uuid>,
    /// What is worth knowing of it, in a few words.
    pub facts: String,
    /// Milliseconds since its cause, where that is on the timeline.
    pub ms: Option<f64>,
    /// Milliseconds since the order was placed, where that is known.
    pub ms_total: Option<f64>,
    /// For staff alone.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub staff: Option<ForStaff>,
}

/// What only staff is told of an event. What a version before has not kept is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForStaff {
    /// The topic it stands on, without prefix.
    pub topic: String,
    /// Its partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Its offset.
    pub offset: i64,
    /// The trace it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What it took to get it, if the first attempt did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// How the order was scored, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The person who has acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// In that person's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Where that person's words stand.
    #[serde(skip)]
    pub words_at: Option<Place>,
}

/// By what an order was decided, and what a version on trial has said beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// What has scored it.
    #[serde(flatten)]
    pub factors: Factors,
    /// What a version in shadow would have said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
}

/// What a version in shadow has said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shadow {
    /// The version.
    pub version: String,
    /// Its score.
    pub score: f64,
}

/// A time span in milliseconds, to the microsecond; never below zero, whatever the clocks of two machines say.
#[must_use]
pub fn millis(from: Timestamp, to: Timestamp) -> f64 {
    let micros = to.duration_since(from).as_micros().max(0);
    #[allow(clippy::cast_precision_loss)] // hundreds of years fit
    let micros = micros as f64;
    micros / 1e3
}

impl Order {
    /// Every line that is shown, as they happened.
    pub fn lines(&self, reader: Reader) -> Vec<Line> {
        let times: HashMap<Uuid, Timestamp> = self.entries().map(|entry| (entry.id, entry.at)).collect();
        let placed_at = self.about.as_ref().map(|about| about.placed_at);
        let line = |entry: &Entry| Line {
            id: entry.id,
            event: entry.record().to_owned(),
            by: entry.source.clone(),
            at: entry.at,
            cause: entry.cause,
            facts: facts(entry, reader),
            ms: entry.cause.and_then(|cause| times.get(&cause)).map(|cause| millis(*cause, entry.at)),
            ms_total: placed_at.map(|placed| millis(placed, entry.at)),
            staff: (reader == Reader::Staff).then(|| self.for_staff(entry)),
        };
        self.entries().map(line).collect()
    }

    fn for_staff(&self, entry: &Entry) -> ForStaff {
        let decision = entry.decision.clone().map(|factors| Decision { factors, shadow: self.shadow(entry) });
        let speaks = acts::of(entry, &self.known).or_else(|| has_words(entry).then_some(entry));
        ForStaff {
            topic: entry.topic().to_owned(),
            partition: entry.partition,
            offset: entry.offset,
            trace_id: entry.trace.clone(),
            tried: (!entry.tried.is_nothing()).then_some(entry.tried),
            decision,
            who: reviewer(entry),
            why: None,
            words_at: speaks.and_then(Place::of),
        }
    }

    /// What was said beside a decision: both answer the same event.
    fn shadow(&self, decided: &Entry) -> Option<Shadow> {
        let said = self.known.iter().map(|arrived| &arrived.entry);
        let said =
            said.filter(|entry| entry.cause == decided.cause).find_map(|entry| entry.decision.as_ref());
        said.map(|Factors { version, score, .. }| Shadow { version: version.clone(), score: *score })
    }
}

/// By what fraud is found out is nothing for whoever may have placed the order.
fn facts(entry: &Entry, reader: Reader) -> String {
    match (&entry.decision, reader) {
        (Some(_), Reader::Anybody) => String::new(),
        _ => entry.facts.clone(),
    }
}

/// Who has reviewed, of an entry that says so.
fn reviewer(entry: &Entry) -> Option<String> {
    match entry.review.as_ref()? {
        Said::Decided { reviewer, .. } => Some(reviewer.clone()),
        Said::Judged { reviewer, .. } => reviewer.clone(),
        Said::Held { .. } | Said::Escalated | Said::Cancelled => None,
    }
}

/// Whether the record of an entry holds a person's name and words, which no timeline keeps.
fn has_words(entry: &Entry) -> bool {
    let of_person = OrderCancelRequested::is_named(&entry.kind) || ReviewDecided::is_named(&entry.kind);
    of_person || entry.act_at.is_some() || reviewer(entry).is_some()
}
