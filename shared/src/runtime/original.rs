//! Where a record first stood, in the headers Spring Kafka uses: a dead letter, a waiting record and one that is to be
//! handled again carry them behind the record's own.

use jiff::Timestamp;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use uuid::Uuid;

use super::dead_letter::TRACE;
use crate::{envelope::Envelope, step::Origin, topics::Names};

const TOPIC: &str = "kafka_dlt-original-topic";
const PARTITION: &str = "kafka_dlt-original-partition";
const OFFSET: &str = "kafka_dlt-original-offset";
const TIMESTAMP: &str = "kafka_dlt-original-timestamp";
/// How often a record had failed when it was given up: an integer, big-endian.
pub const ATTEMPTS: &str = "retry_topic-attempts";
/// When a record failed for the first time, also in an earlier life: RFC 3339.
pub const FIRST_FAILED: &str = "orderflow_dlt-first-failed-at";
/// How often an operator has had a record handled again: an integer, big-endian.
pub const RETURNS: &str = "orderflow_dlt-returns";
/// The id of the event that this record is an edited version of: its group knows both by that one.
pub const EDITS: &str = "orderflow_dlt-edits";
/// The value of that event, as it came.
pub const BEFORE_EDIT: &str = "orderflow_dlt-value-before-edit";
/// On a record of `<group>.retry`: it is not to be handled, but given up for good.
pub const DISCARD: &str = "orderflow_dlt-discard";
/// What stays with a record however often it comes back.
const CARRIED: [&str; 4] = [FIRST_FAILED, RETURNS, EDITS, BEFORE_EDIT];

/// Where a record first stood, when its headers tell.
pub fn origin<H: Headers>(headers: Option<&H>, names: &Names) -> Option<Origin> {
    let headers = headers?;
    let topic = names.logical(std::str::from_utf8(last(headers, TOPIC)?).ok()?)?;
    let partition = i32::from_be_bytes(last(headers, PARTITION)?.try_into().ok()?);
    let offset = i64::from_be_bytes(last(headers, OFFSET)?.try_into().ok()?);
    let millis = i64::from_be_bytes(last(headers, TIMESTAMP)?.try_into().ok()?);
    Some(Origin { topic, partition, offset, timestamp: Timestamp::from_millisecond(millis).ok()? })
}

/// How often a record has failed before; 0 when its headers do not tell.
pub(crate) fn attempts(headers: Option<&OwnedHeaders>) -> u32 {
    let told = headers.and_then(|headers| last(headers, ATTEMPTS)).and_then(|value| value.try_into().ok());
    told.map_or(0, u32::from_be_bytes)
}

/// The id by which a record's group knows it: that of the event it is, or of the one it is an edited version of.
pub fn event_id<H: Headers>(headers: Option<&H>, origin: &Origin) -> Uuid {
    let edits =
        headers.and_then(|headers| Uuid::parse_str(std::str::from_utf8(added(headers, EDITS)?).ok()?).ok());
    edits.unwrap_or_else(|| Envelope::from_headers(headers, origin, "", "").id)
}

/// Copies what stays with a record however often it comes back, and with `discard` that it is to be given up for good.
pub(crate) fn carry(from: &OwnedHeaders, to: OwnedHeaders, discard: bool) -> OwnedHeaders {
    let names = CARRIED.iter().chain(discard.then_some(&DISCARD));
    names.fold(to, |to, key| match added(from, key) {
        Some(value) => to.insert(Header { key, value: Some(value) }),
        None => to,
    })
}

/// The last header of that name among those that were added here: the record's own count for nothing.
pub fn added<'h, H: Headers>(headers: &'h H, name: &str) -> Option<&'h [u8]> {
    let first = (0..headers.count()).rev().find(|index| headers.get(*index).key == TOPIC)?;
    let mut added = (first..headers.count()).rev().map(|index| headers.get(index));
    added.find(|header| header.key == name)?.value
}

/// Says how often a record has failed, if it has.
pub(crate) fn count(headers: OwnedHeaders, attempts: u32) -> OwnedHeaders {
    if attempts == 0 {
        return headers;
    }
    headers.insert(Header { key: ATTEMPTS, value: Some(&attempts.to_be_bytes()) })
}

/// Says where a record first stood. Numbers are big-endian, as Spring writes them.
pub(crate) fn stamp(headers: OwnedHeaders, origin: &Origin, names: &Names) -> OwnedHeaders {
    let all = [
        (TOPIC, names.topic(origin.topic).into_bytes()),
        (PARTITION, origin.partition.to_be_bytes().to_vec()),
        (OFFSET, origin.offset.to_be_bytes().to_vec()),
        (TIMESTAMP, origin.timestamp.as_millisecond().to_be_bytes().to_vec()),
    ];
    all.iter().fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// A record's headers as it came: without what was added here, which begins with the last place that is told. What stands
/// before is the record's own, be it named alike: a foreign system's dead letters, or another group's.
#[must_use]
pub fn as_it_came<H: Headers>(headers: Option<&H>) -> OwnedHeaders {
    keep(headers, |_| false)
}

/// A dead letter's headers as the record needs them that is to be handled again: where it first stood, how often it has
/// failed and since when, where that stands in its trace, and what became of it by hand, but no longer why it was given up.
#[must_use]
pub fn for_retry<H: Headers>(headers: Option<&H>) -> OwnedHeaders {
    keep(headers, |name| {
        [TOPIC, PARTITION, OFFSET, TIMESTAMP, ATTEMPTS, TRACE].contains(&name) || CARRIED.contains(&name)
    })
}

/// The record's own headers, and those of the added ones that are to be kept.
fn keep<H: Headers>(headers: Option<&H>, keep: impl Fn(&str) -> bool) -> OwnedHeaders {
    let mut kept = OwnedHeaders::new();
    let Some(headers) = headers else { return kept };
    let added = (0..headers.count()).rev().find(|index| headers.get(*index).key == TOPIC);
    for (index, header) in headers.iter().enumerate() {
        if added.is_none_or(|first| index < first) || keep(header.key) {
            kept = kept.insert(header);
        }
    }
    kept
}

/// The last header of that name, as Kafka's own `lastHeader` takes it.
pub fn last<'h, H: Headers>(headers: &'h H, name: &str) -> Option<&'h [u8]> {
    (0..headers.count()).rev().map(|index| headers.get(index)).find(|header| header.key == name)?.value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::ORDERS;

    fn own() -> OwnedHeaders {
        // The last of a foreign system's own dead letters among them.
        OwnedHeaders::new()
            .insert(Header { key: "ce_id", value: Some("x") })
            .insert(Header { key: TOPIC, value: Some("theirs") })
            .insert(Header { key: "none", value: None::<&str> })
    }

    fn pairs(headers: &OwnedHeaders) -> Vec<(String, Option<Vec<u8>>)> {
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    }

    #[test]
    fn a_place_comes_back_from_its_headers_and_leaves_the_records_own_as_they_were() {
        let names = Names::new("t.");
        let timestamp = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        let place = Origin { topic: ORDERS, partition: 3, offset: 1 << 40, timestamp };
        let stamped = stamp(own(), &place, &names);
        assert_eq!(origin(Some(&stamped), &names), Some(place));
        assert_eq!(pairs(&as_it_came(Some(&stamped))), pairs(&own()));
    }

    #[test]
    fn a_letter_about_a_letter_keeps_what_was_said_in_the_first() {
        let (names, timestamp) = (Names::default(), Timestamp::UNIX_EPOCH);
        let place = Origin { topic: ORDERS, partition: 3, offset: 7, timestamp };
        let why = |code| Header { key: crate::runtime::dead_letter::CODE, value: Some(code) };
        let first = count(stamp(own(), &place, &names), 2).insert(why("first"));
        let second = stamp(first.clone(), &Origin { offset: 8, ..place }, &names).insert(why("second"));
        assert_eq!(pairs(&as_it_came(Some(&second))), pairs(&first));
        assert_eq!(
            pairs(&as_it_came(Some(&for_retry(Some(&second))))),
            pairs(&first),
            "also on its way back"
        );
    }

    #[test]
    fn an_edited_record_is_known_by_the_event_it_was_and_nobody_else_can_say_so() {
        let (names, timestamp) = (Names::default(), Timestamp::UNIX_EPOCH);
        let place = Origin { topic: ORDERS, partition: 3, offset: 7, timestamp };
        let (was, is) = (Uuid::from_u128(1).to_string(), Uuid::from_u128(2).to_string());
        let edits = || Header { key: EDITS, value: Some(&was) };
        let own = OwnedHeaders::new().insert(Header { key: "ce_id", value: Some(&is) });
        assert_eq!(
            event_id(Some(&own.clone().insert(edits())), &place),
            Uuid::from_u128(2),
            "the record's own word"
        );
        let edited = stamp(own.clone(), &place, &names).insert(edits());
        assert_eq!(event_id(Some(&edited), &place), Uuid::from_u128(1));
        let again = carry(&edited, stamp(own, &place, &names), false);
        assert_eq!(event_id(Some(&again), &place), Uuid::from_u128(1), "also when it is given up once more");
        assert_eq!(event_id(Some(&for_retry(Some(&again))), &place), Uuid::from_u128(1));
    }

    #[test]
    fn headers_that_do_not_tell_a_place_tell_none() {
        let none: Option<&OwnedHeaders> = None;
        assert_eq!(origin(none, &Names::default()), None);
        assert_eq!(origin(Some(&own()), &Names::default()), None);
        assert_eq!(attempts(Some(&own())), 0);
    }
}
