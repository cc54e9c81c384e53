//! Dead letters: the record as it came, and why it could not be handled, in the headers Spring Kafka uses.

use jiff::Timestamp;
use rdkafka::message::{Header, OwnedHeaders};

use super::{batch::Raw, original};
use crate::{
    fault::Fault,
    faults::{Plant, planted},
    topics::Names,
    trace::TraceContext,
};

/// The stable code of the fault.
pub const CODE: &str = "orderflow_dlt-code";
/// Which version of the service gave up.
pub const VERSION: &str = "orderflow_dlt-version";
/// Why, for people.
pub const MESSAGE: &str = "kafka_dlt-exception-message";
/// When it failed for the last time: RFC 3339. For the first: [`original::FIRST_FAILED`].
pub const LAST_FAILED: &str = "orderflow_dlt-last-failed-at";
/// Where the failure stands in the trace of its record, as a `traceparent`; the log line has its trace id.
pub const TRACE: &str = "orderflow_dlt-traceparent";

/// How a record has failed until it was given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure {
    /// Failed attempts of this life; 0: it could not even be tried.
    pub attempts: u32,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// A record for `<group>.dlq`.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: OwnedHeaders,
    pub code: &'static str,
    /// Where it stands in the trace of its record.
    pub trace: TraceContext,
}

/// The dead letter of `raw`, below the span in which it failed, where that is known. Attempts of its earlier lives are
/// counted on, and its first failure stays the first.
pub(crate) fn bury(
    raw: &Raw,
    names: &Names,
    group: &str,
    fault: &Fault,
    failure: Failure,
    below: Option<&TraceContext>,
) -> DeadLetter {
    use rdkafka::Message;
    let attempts = failure.attempts.saturating_add(raw.attempts_before());
    let first = raw.first_failed().unwrap_or(failure.first);
    let own = std::str::from_utf8(raw.header("traceparent")).ok().and_then(TraceContext::parse);
    let trace = below.cloned().or(own).map_or_else(TraceContext::root, |above| above.child());
    let all: [(&str, Vec<u8>); 9] = [
        ("kafka_dlt-original-consumer-group", group.as_bytes().to_vec()),
        ("kafka_dlt-exception-fqcn", format!("orderflow.{}", fault.code()).into_bytes()),
        (MESSAGE, fault.to_string().into_bytes()),
        (original::ATTEMPTS, attempts.to_be_bytes().to_vec()),
        (CODE, fault.code().as_bytes().to_vec()),
        (VERSION, env!("CARGO_PKG_VERSION").as_bytes().to_vec()),
        (original::FIRST_FAILED, first.to_string().into_bytes()),
        (LAST_FAILED, failure.last.to_string().into_bytes()),
        (TRACE, trace.to_string().into_bytes()),
    ];
    let own = if planted(Plant::LostHeader) { OwnedHeaders::new() } else { raw.headers_as_it_came() };
    let stamped = original::stamp(own, &raw.origin, names);
    let mut headers = raw.carry(stamped, false);
    for (key, value) in &all {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    DeadLetter {
        key: raw.message.key().map(<[u8]>::to_vec),
        value: raw.message.payload().map(<[u8]>::to_vec),
        headers,
        code: fault.code(),
        trace,
    }
}
