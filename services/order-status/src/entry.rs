//! One event on a timeline. Nothing personal: no names, tokens, addresses, nor anybody's own words.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::{
    envelope::{Envelope, Tried},
    events::{FraudDecision, Order, Reason, ShadowScored},
    order_state::Fact,
    step::Origin,
    topics::GroupTopics,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{on_event::OrderEvent, put_aside::Aside, words::said};

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The event's id.
    pub id: Uuid,
    /// Its Avro full name.
    pub kind: String,
    /// The step or service that made it.
    pub source: String,
    /// When it happened.
    pub at: Timestamp,
    /// When Kafka got it: breaks ties, since an answer is never on the log before what it answers.
    pub logged_at: Timestamp,
    /// Its partition; unknown of an entry that a version before has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Its offset: of two events on one topic, this tells which was first.
    pub offset: i64,
    /// The id of its trace; unknown of an entry that a version before has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The event that led to it; none for a root.
    #[serde(default)]
    pub cause: Option<Uuid>,
    /// What it took to get it.
    #[serde(default, skip_serializing_if = "Tried::is_nothing")]
    pub tried: Tried,
    /// What is worth knowing of it, in a few words.
    pub facts: String,
    /// Its `reason`, where that is a code the order's state depends on.
    #[serde(default)]
    pub reason: Option<String>,
    /// What it says about a review.
    #[serde(default)]
    pub review: Option<Said>,
    /// How a model or rules have scored the order, where it says that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Factors>,
    /// The service about whose dead letter an operator has done something, where it says that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_at: Option<String>,
    /// What has become of its cause, where it says that of a dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_aside: Option<Aside>,
}

impl Entry {
    /// Its record type without the namespace.
    pub fn record(&self) -> &str {
        self.kind.rsplit('.').next().unwrap_or(&self.kind)
    }

    /// The topic it stands on, without prefix: that of its record type, or of the group that has put something aside.
    pub fn topic(&self) -> &str {
        let own = GroupTopics::of(&self.source);
        match (self.put_aside, own) {
            (Some(Aside::GivenUp), Some(own)) => own.dead_letters.name(),
            (Some(Aside::Parked), Some(own)) => own.parked.name(),
            (Some(Aside::Settled | Aside::Discarded), Some(own)) => own.waiting.name(),
            _ => {
                let named = self.kind.strip_prefix("orderflow.").and_then(|name| name.rsplit_once('.'));
                named.map_or("", |(topic, _)| topic)
            }
        }
    }
}

/// How a model or rules have scored an order: what the decision was made by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factors {
    /// `fraud` for the model of this name, or `rules`.
    pub model: String,
    /// Its version.
    pub version: String,
    /// What ran it: `onnxruntime`, `built-in` or `rules`; empty where that is not known.
    pub engine: String,
    /// 0 (harmless) to 1 (fraud).
    pub score: f64,
    /// The score above which an order is refused.
    pub threshold: f64,
    /// The score from which on one is held.
    pub hold_threshold: f64,
    /// Heaviest first.
    pub reasons: Vec<Reason>,
}

impl From<&FraudDecision> for Factors {
    fn from(decision: &FraudDecision) -> Self {
        Self {
            model: decision.scorer.clone(),
            version: decision.scorer_version.clone(),
            engine: decision.engine.clone(),
            score: decision.score,
            threshold: decision.threshold,
            hold_threshold: decision.hold_threshold,
            reasons: decision.reasons.clone(),
        }
    }
}

impl From<&ShadowScored> for Factors {
    fn from(scored: &ShadowScored) -> Self {
        Self {
            model: scored.model.clone(),
            version: scored.version.clone(),
            engine: scored.engine.clone(),
            score: scored.score,
            threshold: scored.threshold,
            hold_threshold: scored.hold_threshold,
            reasons: Vec::new(), // those of what has decided are shown
        }
    }
}

/// What an event says about an order's review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Said {
    /// It waits for a person.
    Held { score: f64, reasons: Vec<Reason>, review_by: Timestamp },
    /// Half of the time has passed.
    Escalated,
    /// A person has decided.
    Decided { decision: String, reviewer: String },
    /// It was judged: by this reviewer, else by rules or policy.
    Judged { approved: bool, reviewer: Option<String> },
    /// Its customer has taken it back.
    Cancelled,
}

/// What is taken note of: an entry, and what it tells of its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The order.
    pub order_id: Uuid,
    /// The entry.
    pub entry: Entry,
    /// What it says of the order's state.
    pub fact: Option<Fact>,
    /// The order itself, where the event carries it.
    pub order: Option<Arc<Order>>,
}

impl Note {
    /// Until when the order waits for a person, if this event says so.
    pub fn review_by(&self) -> Option<Timestamp> {
        match self.entry.review {
            Some(Said::Held { review_by, .. }) => Some(review_by),
            _ => None,
        }
    }
}

/// What an event tells.
pub fn note(event: &OrderEvent, envelope: &Envelope, origin: &Origin) -> Note {
    let said = said(event);
    let Envelope { id, source, time, causation_id, trace, tried, .. } = envelope;
    Note {
        order_id: said.order_id,
        fact: Fact::of(&said.kind, said.reason.as_deref()),
        entry: Entry {
            id: *id,
            kind: said.kind,
            source: source.clone(),
            at: *time,
            logged_at: origin.timestamp,
            partition: Some(origin.partition),
            offset: origin.offset,
            trace: Some(trace.trace_id()),
            cause: *causation_id,
            tried: *tried,
            facts: said.facts,
            reason: said.reason,
            review: said.review,
            decision: said.decision,
            act_at: None,
            put_aside: None,
        },
        order: said.order,
    }
}
