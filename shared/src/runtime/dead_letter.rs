//! Dead letters: the record as it came, and why it could not be handled, in the headers Spring Kafka uses.

use rdkafka::message::{Header, OwnedHeaders};

use super::batch::Raw;
use crate::fault::Fault;

/// The stable code of the fault.
pub const CODE: &str = "orderflow_dlt-code";
/// Which version of the service gave up.
pub const VERSION: &str = "orderflow_dlt-version";

/// A record for `<group>.dlq`.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: OwnedHeaders,
    pub code: &'static str,
}

/// The dead letter of `raw` after `attempts` failed attempts (0: it could not even be tried).
pub(crate) fn bury(raw: &Raw, group: &str, fault: &Fault, attempts: u32) -> DeadLetter {
    use rdkafka::Message;
    let mut headers = raw.headers().cloned().unwrap_or_default();
    let origin = &raw.origin;
    // Numbers are big-endian, as Spring writes them.
    let all: [(&str, Vec<u8>); 10] = [
        ("kafka_dlt-original-topic", raw.message.topic().as_bytes().to_vec()),
        ("kafka_dlt-original-partition", origin.partition.to_be_bytes().to_vec()),
        ("kafka_dlt-original-offset", origin.offset.to_be_bytes().to_vec()),
        ("kafka_dlt-original-timestamp", origin.timestamp.as_millisecond().to_be_bytes().to_vec()),
        ("kafka_dlt-original-consumer-group", group.as_bytes().to_vec()),
        ("kafka_dlt-exception-fqcn", format!("orderflow.{}", fault.code()).into_bytes()),
        ("kafka_dlt-exception-message", fault.to_string().into_bytes()),
        ("retry_topic-attempts", attempts.to_be_bytes().to_vec()),
        (CODE, fault.code().as_bytes().to_vec()),
        (VERSION, env!("CARGO_PKG_VERSION").as_bytes().to_vec()),
    ];
    for (key, value) in &all {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    DeadLetter {
        key: raw.message.key().map(<[u8]>::to_vec),
        value: raw.message.payload().map(<[u8]>::to_vec),
        headers,
        code: fault.code(),
    }
}
