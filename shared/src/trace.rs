//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>), carried on every record.

use std::fmt;

use rand::RngExt;

/// Where a record stands in a distributed trace.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
    /// Vendors' own data, passed on untouched.
    pub state: Option<String>,
    /// W3C Baggage, passed on untouched.
    pub baggage: Option<String>,
}

impl TraceContext {
    /// The root of a new trace, sampled.
    #[must_use]
    pub fn root() -> Self {
        let mut random = rand::rng();
        Self {
            trace_id: random.random_range(1..=u128::MAX),
            span_id: random.random_range(1..=u64::MAX),
            flags: 1,
            state: None,
            baggage: None,
        }
    }

    /// A span below this one, in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: rand::rng().random_range(1..=u64::MAX), ..self.clone() }
    }

    /// Reads a `traceparent` of version 00; later versions are read as far as 00 goes, as the standard asks.
    /// Returns `None` when it is malformed: the trace then starts anew.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lengths = [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2];
        let plain = traceparent.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        let more = parts.next().is_some();
        if !lengths || !plain || version == "ff" || (version == "00" && more) {
            return None;
        }
        let context = Self {
            trace_id: u128::from_str_radix(trace, 16).ok()?,
            span_id: u64::from_str_radix(span, 16).ok()?,
            flags: u8::from_str_radix(flags, 16).ok()?,
            state: None,
            baggage: None,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }

    /// The trace's id, as 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

impl fmt::Display for TraceContext {
    /// The `traceparent` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}
