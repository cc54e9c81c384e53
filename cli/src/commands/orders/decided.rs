//! By what an order was decided, and who has acted on it.

use order_status::{Decision, Factors, Shadow};
use orderflow::{
    events::{
        DeadLetterDiscarded, DeadLetterEdited, DeadLetterRedriven, OrderCancelRequested, OrderFraudDetected,
        OrderHeldForReview, OrderValidatedForFraud, Record, ReviewDecided, ShadowScored,
    },
    topics::{AUDIT, FRAUD_SHADOW},
};
use serde_json::Value;
use uuid::Uuid;

use crate::log::{Decoder, Entry, Place};

/// Whether a record only says more of another one.
pub(super) fn is_beside(entry: &Entry) -> bool {
    entry.place == Place::Topic(FRAUD_SHADOW)
}

/// Whether a record says anything of its order's state.
pub(super) fn says_of_state(entry: &Entry) -> bool {
    entry.place != Place::Topic(AUDIT) && !is_beside(entry)
}

/// What an operator has done about a dead letter: the event it is about, and that event's key. Who has parked a letter
/// stands on the letter itself.
fn act(entry: &Entry, decoder: &Decoder) -> Option<(Uuid, String)> {
    fn read<R: Record>(entry: &Entry, decoder: &Decoder) -> Option<R> {
        decoder.decode(entry).ok().flatten()
    }
    let redriven = || read(entry, decoder).map(|e: DeadLetterRedriven| (e.event_id, e.event_key));
    let edited = || read(entry, decoder).map(|e: DeadLetterEdited| (e.event_id, e.event_key));
    let discarded = || read(entry, decoder).map(|e: DeadLetterDiscarded| (e.event_id, e.event_key));
    redriven().or_else(edited).or_else(discarded)
}

/// Whether a record tells of an act about this order.
pub(super) fn is_act_on(entry: &Entry, decoder: &Decoder, order_id: Uuid) -> bool {
    act(entry, decoder).is_some_and(|(_, key)| key.parse() == Ok(order_id))
}

/// What led to a record: of an operator's act, the event it is about.
pub(super) fn cause(entry: &Entry, decoder: &Decoder) -> Option<Uuid> {
    let about = || act(entry, decoder).map(|(event, _)| event);
    entry.envelope.causation_id.or_else(about)
}

/// How the order was scored, where a record says so, with what a version in shadow has said of the same event.
pub(super) fn decision(entry: &Entry, decoder: &Decoder, all: &[Entry]) -> Option<Decision> {
    let Place::Topic(_) = entry.place else { return None };
    let held = || Some(Factors::from(&decoder.decode::<OrderHeldForReview>(entry).ok()??.decision));
    let passed = || Some(Factors::from(&decoder.decode::<OrderValidatedForFraud>(entry).ok()??.decision));
    let refused = || Some(Factors::from(&decoder.decode::<OrderFraudDetected>(entry).ok()??.decision));
    let factors = held().or_else(passed).or_else(refused)?;
    let same =
        |other: &&Entry| is_beside(other) && other.envelope.causation_id == entry.envelope.causation_id;
    let shadow = all.iter().filter(same).find_map(|other| decoder.decode::<ShadowScored>(other).ok()?);
    Some(Decision { factors, shadow: shadow.map(|said| Shadow { version: said.version, score: said.score }) })
}

/// Who acts in a record, and why.
pub(super) fn words(entry: &Entry, decoder: &Decoder) -> (Option<String>, Option<String>) {
    fn said<R: Record>(entry: &Entry, decoder: &Decoder) -> Option<Value> {
        serde_json::to_value(decoder.decode::<R>(entry).ok()??).ok()
    }
    if let Some(parking) = &entry.parking {
        return (Some(parking.by.clone()), Some(parking.reason.clone()));
    }
    let Place::Topic(_) = entry.place else { return (None, None) };
    let types: [fn(&Entry, &Decoder) -> Option<Value>; 7] = [
        said::<ReviewDecided>,
        said::<OrderCancelRequested>,
        said::<OrderValidatedForFraud>,
        said::<OrderFraudDetected>,
        said::<DeadLetterRedriven>,
        said::<DeadLetterEdited>,
        said::<DeadLetterDiscarded>,
    ];
    let record = types.iter().find_map(|read| read(entry, decoder));
    record.map_or((None, None), |record| order_status::words(&record))
}
