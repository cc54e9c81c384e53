//! Dead letters on a timeline: that a service could not handle an event, that an operator has parked it, that it was
//! handled after all.

use std::collections::HashMap;

use orderflow::{
    envelope::Envelope,
    order_state::Facts,
    runtime::put_aside::{Fate, Letter, PutAside},
    step::Origin,
};
use serde::{Deserialize, Serialize};

use crate::{
    entry::{Entry, Note},
    order::Arrived,
};

/// What has become of the event that is the entry's cause, at the service that is its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aside {
    /// It could not be handled.
    GivenUp,
    /// An operator has given it up for now.
    Parked,
    /// It was handled, after it had been given up or had waited.
    Settled,
    /// An operator has given it up for good: its order rests, unless it ends by something else.
    Discarded,
}

/// What a record that was put aside tells; nothing where it tells of no order, or only that something waits.
pub fn note(put: &PutAside, envelope: &Envelope, origin: &Origin) -> Option<Note> {
    let service = put.service;
    let (aside, kind, at, facts) = match &put.fate {
        Fate::GivenUp(letter) => {
            let facts = format!("{}; waits for an operator", failed(service, letter));
            (Aside::GivenUp, "DeadLetter", origin.timestamp, facts)
        }
        Fate::Parked(letter, at) => (
            Aside::Parked,
            "DeadLetterParked",
            *at,
            format!("{}; parked by an operator", failed(service, letter)),
        ),
        Fate::Settled => (Aside::Settled, "DeadLetterSettled", origin.timestamp, "handled again".to_owned()),
        Fate::Discarded => {
            (Aside::Discarded, "DeadLetterDiscarded", origin.timestamp, "given up for good".to_owned())
        }
        Fate::Waits => return None,
    };
    let entry = Entry {
        id: envelope.id,
        kind: kind.to_owned(),
        source: service.to_owned(),
        at,
        logged_at: origin.timestamp,
        partition: Some(origin.partition),
        offset: origin.offset,
        trace: Some(envelope.trace.trace_id()),
        cause: Some(put.event),
        tried: envelope.tried,
        facts,
        reason: None,
        review: None,
        decision: None,
        act_at: None,
        put_aside: Some(aside),
    };
    Some(Note { order_id: put.key.parse().ok()?, entry, fact: None, order: None })
}

fn failed(service: &str, letter: &Letter) -> String {
    let (record, code) = (word(&letter.record).unwrap_or("this"), word(&letter.code).unwrap_or("unknown"));
    format!("{service} could not handle {record}: {code}")
}

/// A name as ours are. Whoever wrote the record may have written anything.
pub fn word(text: &str) -> Option<&str> {
    let is_one =
        (1..=60).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_one.then_some(text)
}

/// Tells `known` what an entry says of its order.
pub fn tell(entry: &Entry, known: &mut Facts) {
    match (entry.put_aside, entry.cause) {
        (Some(Aside::GivenUp | Aside::Parked), Some(event)) => known.dead_letter(&entry.source, event),
        (Some(Aside::Settled), Some(event)) => known.settled(&entry.source, event),
        (Some(Aside::Discarded), _) => {}
        _ => known.event(&entry.kind, entry.reason.as_deref(), &entry.source, entry.cause),
    }
}

/// What an entry says of its order's dead letters, as the script keeps it: it has a twin of [`Facts`] for them.
pub fn mark(entry: &Entry) -> Option<String> {
    let said = match entry.put_aside? {
        Aside::GivenUp | Aside::Parked => "given_up",
        Aside::Settled => "settled",
        Aside::Discarded => return None,
    };
    Some(format!("{said}:{}:{}", entry.source, entry.cause?))
}

/// Splits a timeline into what is shown and what is only known: a settlement is shown with the dead letter it settles,
/// not of an event that has just waited. It may have come first; it is new to a reader once its letter is there.
pub fn shown(timeline: Vec<Arrived>) -> (Vec<Arrived>, Vec<Arrived>) {
    let of = |entry: &Entry| (entry.source.clone(), entry.cause);
    let mut letters = HashMap::new();
    for Arrived { place, entry } in &timeline {
        if matches!(entry.put_aside, Some(Aside::GivenUp | Aside::Parked)) {
            let first = letters.entry(of(entry)).or_insert(*place);
            *first = (*first).min(*place);
        }
    }
    let (mut shown, mut known) = (Vec::with_capacity(timeline.len()), Vec::new());
    for mut arrived in timeline {
        let is_settlement = matches!(arrived.entry.put_aside, Some(Aside::Settled | Aside::Discarded));
        match letters.get(&of(&arrived.entry)).filter(|_| is_settlement) {
            None if is_settlement => known.push(arrived),
            letter => {
                arrived.place = arrived.place.max(letter.copied().unwrap_or_default());
                shown.push(arrived);
            }
        }
    }
    (shown, known)
}
