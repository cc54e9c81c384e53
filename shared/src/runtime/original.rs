//! Where a record first stood, in the headers Spring Kafka uses: a dead letter, a waiting record and one that is to be
//! handled again carry them behind the record's own.

use rdkafka::message::{Header, Headers, OwnedHeaders};

use crate::{step::Origin, topics::Names};
use jiff::Timestamp;

const TOPIC: &str = "kafka_dlt-original-topic";
const PARTITION: &str = "kafka_dlt-original-partition";
const OFFSET: &str = "kafka_dlt-original-offset";
const TIMESTAMP: &str = "kafka_dlt-original-timestamp";
/// How often a record had failed when it was given up: an integer, big-endian.
pub const ATTEMPTS: &str = "retry_topic-attempts";

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

/// A dead letter's headers as the record needs them that is to be handled again: where it first stood, and how often it
/// has failed, but no longer why.
#[must_use]
pub fn for_retry<H: Headers>(headers: Option<&H>) -> OwnedHeaders {
    keep(headers, |name| [TOPIC, PARTITION, OFFSET, TIMESTAMP, ATTEMPTS].contains(&name))
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
    fn headers_that_do_not_tell_a_place_tell_none() {
        let none: Option<&OwnedHeaders> = None;
        assert_eq!(origin(none, &Names::default()), None);
        assert_eq!(origin(Some(&own()), &Names::default()), None);
        assert_eq!(attempts(Some(&own())), 0);
    }
}
