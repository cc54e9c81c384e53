//! Headers as they lie on the wire.

use crate::chaos::evidence::RawRecord;

/// The first of the headers that are added to a record which is put aside.
pub const ORIGINAL_TOPIC: &str = "kafka_dlt-original-topic";
const ORIGINAL_PARTITION: &str = "kafka_dlt-original-partition";
const ORIGINAL_OFFSET: &str = "kafka_dlt-original-offset";

/// The last header of that name, as Kafka's own `lastHeader` takes it.
pub fn last<'r>(record: &'r RawRecord, name: &str) -> Option<&'r [u8]> {
    record.headers.iter().rev().find(|(key, _)| key == name)?.1.as_deref()
}

/// The same as text.
pub fn text<'r>(record: &'r RawRecord, name: &str) -> Option<&'r str> {
    std::str::from_utf8(last(record, name)?).ok()
}

/// Where a record that was put aside first stood: topic with the prefix, partition, offset.
pub fn origin(record: &RawRecord) -> Option<(String, i32, i64)> {
    let topic = text(record, ORIGINAL_TOPIC)?.to_owned();
    let partition = i32::from_be_bytes(last(record, ORIGINAL_PARTITION)?.try_into().ok()?);
    let offset = i64::from_be_bytes(last(record, ORIGINAL_OFFSET)?.try_into().ok()?);
    Some((topic, partition, offset))
}

/// The headers a record had before it was put aside.
pub fn own(record: &RawRecord) -> &[(String, Option<Vec<u8>>)] {
    let added = record.headers.iter().rposition(|(key, _)| key == ORIGINAL_TOPIC);
    &record.headers[..added.unwrap_or(record.headers.len())]
}
