//! What the groups on an order's path have put aside, as a step of another service reads it: dead letters, those that
//! are parked, and the journals of what waits. These records are no events: they keep the bytes and headers of the
//! event they are about. So they are read by their headers, whatever their bytes are, and have ids of their own, made
//! from their places.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    batch::OnWire,
    dead_letter,
    original::{self, last},
    waiting::{journal::Note, parked::Parking},
};
use crate::{
    codec::Codec,
    events::{Input, RecordType},
    fault::Fault,
    order_state::PATH,
    topics::{GroupTopics, Topic},
};

/// A record that a group on the path has put aside, or a note about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAside {
    /// The service whose group it is.
    pub service: &'static str,
    /// Its key: the order's id, on topics that are keyed by it.
    pub key: String,
    /// The id of the event it is about.
    pub event: Uuid,
    /// What has become of that event.
    pub fate: Fate,
}

/// What has become of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was given up.
    GivenUp(Letter),
    /// An operator has given it up for now.
    Parked(Letter, Timestamp),
    /// It is answered, after it had been given up or had waited.
    Settled,
    /// An operator has given it up for good: nobody will answer it.
    Discarded,
    /// It waits. Also said of one that was given up while it waited: its dead letter says so itself.
    Waits,
}

/// What is known of an event that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The record type's name, as its producer gave it; empty when it gave none.
    pub record: String,
    /// The code of the fault.
    pub code: String,
}

/// The topics on which the groups on the path put records aside.
pub fn topics() -> impl Iterator<Item = Topic> {
    let groups = PATH.into_iter().filter_map(GroupTopics::of);
    groups.flat_map(|own| [own.dead_letters, own.parked, own.waiting])
}

impl PutAside {
    /// Reads one.
    ///
    /// # Errors
    /// `Poison` when it does not stand on a topic of a group.
    pub(crate) fn of(record: &OnWire<'_>) -> Result<Self, Fault> {
        let topic = record.raw.origin.topic;
        let Some((service, own)) = GroupTopics::owner(topic) else {
            return Err(Fault::poison(
                "unexpected_record",
                format!("{topic} holds nothing that was put aside"),
            ));
        };
        let headers = record.raw.headers_as_it_came();
        let text = |name| {
            let value = last(&headers, name).map(String::from_utf8_lossy);
            value.map(std::borrow::Cow::into_owned).unwrap_or_default()
        };
        let place = original::origin(Some(&headers), record.names).unwrap_or(record.raw.origin);
        let id = original::event_id(Some(&headers), &place);
        let kind = text("ce_type");
        let letter = || Letter {
            record: kind.rsplit('.').next().unwrap_or_default().to_owned(),
            code: text(dead_letter::CODE),
        };
        let (event, fate) = match Note::of(Some(&headers)) {
            Note::Settled(event) if topic == own.waiting => (event, Fate::Settled),
            Note::Discarded(event) if topic == own.waiting => (event, Fate::Discarded),
            _ if topic == own.dead_letters => (id, Fate::GivenUp(letter())),
            _ if topic == own.parked => {
                let at =
                    Parking::of(Some(&headers)).map_or(record.raw.origin.timestamp, |parking| parking.at);
                (id, Fate::Parked(letter(), at))
            }
            _ => (id, Fate::Waits),
        };
        Ok(Self { service, key: record.raw.key_text(), event, fate })
    }
}

impl Input for PutAside {
    fn types() -> Vec<RecordType> {
        topics().map(RecordType::any).collect()
    }

    fn read(_: &Codec, record: &OnWire<'_>) -> Result<Self, Fault> {
        Self::of(record)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    use super::*;
    use crate::{
        runtime::{
            batch::Raw,
            dead_letter::{Failure, bury},
        },
        step::Origin,
        topics::{INVENTORY, Names},
    };

    const EVENT: Uuid = Uuid::from_u128(7);
    const NAMES: fn() -> Names = || Names::new("t.");

    fn place(topic: Topic, offset: i64) -> Origin {
        let timestamp = Timestamp::from_second(1_700_000_000).unwrap();
        Origin { topic, partition: 0, offset, timestamp }
    }

    fn message(topic: Topic, value: Option<&[u8]>, headers: OwnedHeaders) -> OwnedMessage {
        let (key, time) = (Some(b"order".to_vec()), rdkafka::Timestamp::NotAvailable);
        OwnedMessage::new(value.map(<[u8]>::to_vec), key, NAMES().topic(topic), time, 0, 1, Some(headers))
    }

    /// The dead letter that `service` makes of a record.
    fn letter(service: &str, raw: &Raw) -> Raw {
        let own = GroupTopics::of(service).unwrap();
        let fault = Fault::poison("gateway_rejects_request", "too much");
        let failure = Failure { attempts: 0, first: Timestamp::UNIX_EPOCH, last: Timestamp::UNIX_EPOCH };
        let letter = bury(raw, &NAMES(), service, &fault, failure, None);
        let message = message(own.dead_letters, letter.value.as_deref(), letter.headers);
        Raw::at(place(own.dead_letters, 42), message)
    }

    fn given_up() -> Raw {
        let headers = OwnedHeaders::new()
            .insert(Header { key: "ce_id", value: Some(&EVENT.to_string()) })
            .insert(Header { key: "ce_type", value: Some("orderflow.inventory.InventoryReserved") });
        let event = Raw::at(place(INVENTORY, 3), message(INVENTORY, Some(b"bytes"), headers));
        letter("payment", &event)
    }

    fn read(raw: &Raw) -> PutAside {
        PutAside::of(&OnWire { raw, names: &NAMES() }).unwrap()
    }

    fn expected(fate: Fate) -> PutAside {
        PutAside { service: "payment", key: "order".to_owned(), event: EVENT, fate }
    }

    fn reserved() -> Letter {
        Letter { record: "InventoryReserved".to_owned(), code: "gateway_rejects_request".to_owned() }
    }

    #[test]
    fn a_dead_letter_tells_its_event_and_has_an_id_of_its_own() {
        let raw = given_up();
        assert_eq!(read(&raw), expected(Fate::GivenUp(reserved())));
        assert_ne!(raw.id(), EVENT, "it is not the event");
    }

    #[test]
    fn one_that_was_itself_given_up_and_is_handled_again_tells_the_same() {
        let (own, names) = (GroupTopics::of("order-status").unwrap(), NAMES());
        let first = given_up();
        let second = letter("order-status", &first);
        let headers = original::for_retry(second.headers());
        let again =
            Raw::again(place(own.retry, 0), message(own.retry, Some(b"bytes"), headers), &names, None);
        assert_eq!(again.origin, first.origin);
        assert_eq!(again.id(), first.id());
        assert_eq!(read(&again), expected(Fate::GivenUp(reserved())));
    }

    #[test]
    fn a_parked_letter_tells_when_and_a_note_that_its_event_is_settled() {
        let own = GroupTopics::of("payment").unwrap();
        let (by, reason, at) =
            ("ada".to_owned(), "later".to_owned(), Timestamp::from_second(1_800_000_000).unwrap());
        let parking = Parking { partition: 0, offset: 42, by, reason, at };
        let headers = parking.stamp(given_up().headers().cloned().unwrap());
        let parked = Raw::at(place(own.parked, 0), message(own.parked, Some(b"bytes"), headers));
        assert_eq!(read(&parked), expected(Fate::Parked(reserved(), at)));

        let waiting = |note: Note| Raw::at(place(own.waiting, 0), message(own.waiting, None, note.headers()));
        assert_eq!(read(&waiting(Note::Settled(EVENT))), expected(Fate::Settled));
        assert_eq!(read(&waiting(Note::Discarded(EVENT))), expected(Fate::Discarded));
        assert_eq!(read(&waiting(Note::Buried(EVENT))).fate, Fate::Waits);
    }
}
