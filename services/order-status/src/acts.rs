//! What operators do about dead letters, on the timelines of the orders these are about. Who and why is on `audit`
//! alone: see [`crate::staff`].

use orderflow::{
    envelope::Envelope,
    events::{DeadLetterDiscarded, DeadLetterEdited, DeadLetterParked, DeadLetterRedriven, Record},
    order_state::PATH,
    step::Origin,
};
use uuid::Uuid;

use crate::{
    entry::{Entry, Note},
    on_operator_act::OperatorAct,
    order::Arrived,
    put_aside::word,
};

/// What an act tells; nothing where it is about no order, or beside its path.
pub fn note(act: &OperatorAct, envelope: &Envelope, origin: &Origin) -> Option<Note> {
    let (kind, key, event, service, facts) = match act {
        OperatorAct::DeadLetterRedriven(e) => {
            let facts = format!("{} handles {} again", e.service, name(&e.event_type));
            (DeadLetterRedriven::full_name(), &e.event_key, e.event_id, &e.service, facts)
        }
        OperatorAct::DeadLetterEdited(e) => {
            let facts = format!("{} handles {} with a changed value", e.service, name(&e.event_type));
            (DeadLetterEdited::full_name(), &e.event_key, e.event_id, &e.service, facts)
        }
        // The groups' own records tell of these two; this says where it stands who did so, and why.
        OperatorAct::DeadLetterParked(e) => {
            (DeadLetterParked::full_name(), &e.event_key, e.event_id, &e.service, String::new())
        }
        OperatorAct::DeadLetterDiscarded(e) => {
            (DeadLetterDiscarded::full_name(), &e.event_key, e.event_id, &e.service, String::new())
        }
    };
    let order_id: Uuid = key.parse().ok().filter(|_| PATH.contains(&service.as_str()))?;
    let entry = Entry {
        id: envelope.id,
        kind,
        source: envelope.source.clone(),
        at: envelope.time,
        logged_at: origin.timestamp,
        partition: Some(origin.partition),
        offset: origin.offset,
        trace: Some(envelope.trace.trace_id()),
        cause: Some(event),
        tried: envelope.tried,
        facts,
        reason: None,
        review: None,
        decision: None,
        act_at: Some(service.clone()),
        put_aside: None,
    };
    Some(Note { order_id, entry, fact: None, order: None })
}

fn name(record: &str) -> &str {
    word(record).unwrap_or("it")
}

/// Whether an entry only says where more is told of another line.
pub fn is_beside(entry: &Entry) -> bool {
    entry.act_at.is_some()
        && (DeadLetterParked::is_named(&entry.kind) || DeadLetterDiscarded::is_named(&entry.kind))
}

/// The act that a line of a letter which was parked, or given up for good, came of: the nearest in time.
pub fn of<'a>(line: &Entry, beside: &'a [Arrived]) -> Option<&'a Entry> {
    let acts = beside.iter().map(|arrived| &arrived.entry).filter(|act| {
        is_beside(act)
            && act.record() == line.record()
            && act.cause == line.cause
            && act.act_at.as_deref() == Some(&line.source)
    });
    acts.min_by_key(|act| line.at.duration_since(act.at).abs())
}
