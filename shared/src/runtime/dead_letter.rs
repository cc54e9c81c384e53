//! Dead letters: the record as it came, and why it could not be handled, in the headers Spring Kafka uses.

use rdkafka::message::{Header, OwnedHeaders};

use super::{batch::Raw, original};
use crate::{
    fault::Fault,
    faults::{Plant, planted},
    topics::Names,
};

/// The stable code of the fault.
pub const CODE: &str = "orderflow_dlt-code";
/// Which version of the service gave up.
pub const VERSION: &str = "orderflow_dlt-version";
/// Why, for people.
pub const MESSAGE: &str = "kafka_dlt-exception-message";

/// A record for `<group>.dlq`.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: OwnedHeaders,
    pub code: &'static str,
}

/// The dead letter of `raw` after `attempts` failed attempts (0: it could not even be tried); those of its earlier lives
/// are counted on.
pub(crate) fn bury(raw: &Raw, names: &Names, group: &str, fault: &Fault, attempts: u32) -> DeadLetter {
    use rdkafka::Message;
    let attempts = attempts.saturating_add(raw.attempts_before());
    let all: [(&str, Vec<u8>); 6] = [
        ("kafka_dlt-original-consumer-group", group.as_bytes().to_vec()),
        ("kafka_dlt-exception-fqcn", format!("orderflow.{}", fault.code()).into_bytes()),
        (MESSAGE, fault.to_string().into_bytes()),
        (original::ATTEMPTS, attempts.to_be_bytes().to_vec()),
        (CODE, fault.code().as_bytes().to_vec()),
        (VERSION, env!("CARGO_PKG_VERSION").as_bytes().to_vec()),
    ];
    let own = if planted(Plant::LostHeader) { OwnedHeaders::new() } else { raw.headers_as_it_came() };
    let mut headers = original::stamp(own, &raw.origin, names);
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
