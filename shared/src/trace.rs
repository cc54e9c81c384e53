//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>), carried on every record.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rand::RngExt;

use crate::telemetry::samples_root;

/// The flag of a trace whose spans are kept.
const SAMPLED: u8 = 1;
/// Under which key the baggage carries the correlation id.
const CORRELATION: &str = "correlation.id";
/// Longest baggage that is carried on.
const MAX_BAGGAGE: usize = 1024;
/// What is left as it is in the value of baggage.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'/');

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
    /// The root of a new trace, sampled as this process is set to.
    #[must_use]
    pub fn root() -> Self {
        let trace_id = random_trace();
        Self::of(trace_id, random_span(), samples_root(trace_id))
    }

    /// The trace of a record that brings none: whoever reads it, whenever, finds the same. Turned by two bits, since
    /// those in the middle of a UUID are no chance, and sampling looks at the lower half.
    #[must_use]
    pub(crate) fn of_event(id: uuid::Uuid) -> Self {
        let trace_id = id.as_u128().rotate_left(2).max(1);
        Self::of(trace_id, random_span(), samples_root(trace_id))
    }

    /// A span of a trace, by their ids.
    pub(crate) fn of(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self { trace_id, span_id, flags: u8::from(sampled), state: None, baggage: None }
    }

    /// A span below this one, in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: random_span(), ..self.clone() }
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
            trace_id: u128::from(hex(&trace[..16])?) << 64 | u128::from(hex(&trace[16..])?),
            span_id: hex(span)?,
            flags: u8::from_str_radix(flags, 16).ok()?,
            state: None,
            baggage: None,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }

    /// Whether its spans are kept.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Says whether its spans are kept, here and wherever it leads.
    pub(crate) fn sample(&mut self, sampled: bool) {
        self.flags = if sampled { self.flags | SAMPLED } else { self.flags & !SAMPLED };
    }

    pub(crate) fn trace(&self) -> u128 {
        self.trace_id
    }

    pub(crate) fn span(&self) -> u64 {
        self.span_id
    }

    /// The correlation id in the baggage.
    #[must_use]
    pub fn correlation_id(&self) -> Option<String> {
        let members = self.baggage.as_deref()?.split(',');
        // What stands behind a semicolon is about the member.
        let mut pairs = members.filter_map(|member| member.split(';').next()?.split_once('='));
        let value = pairs.find(|(key, _)| key.trim() == CORRELATION)?.1.trim();
        percent_decode_str(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }

    /// Has the baggage carry this correlation id, unless it carries one, or is full.
    #[must_use]
    pub(crate) fn carrying(mut self, correlation_id: &str) -> Self {
        if self.correlation_id().is_some() {
            return self;
        }
        let ours = format!("{CORRELATION}={}", utf8_percent_encode(correlation_id, PLAIN));
        let baggage = self.baggage.as_ref().map_or(ours.clone(), |theirs| format!("{theirs},{ours}"));
        if baggage.len() <= MAX_BAGGAGE {
            self.baggage = Some(baggage);
        }
        self
    }

    /// The trace's id, as 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn hex(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok()
}

pub(crate) fn random_trace() -> u128 {
    rand::rng().random_range(1..=u128::MAX)
}

pub(crate) fn random_span() -> u64 {
    rand::rng().random_range(1..=u64::MAX)
}

impl fmt::Display for TraceContext {
    /// The `traceparent` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baggage_carries_the_correlation_id_beside_what_others_put_there() {
        for (theirs, id) in
            [(None, "a"), (Some("user=1;secret,lang=en"), "order 7, \u{e9}%;="), (Some(""), "x/y:z")]
        {
            let mut trace = TraceContext::root();
            trace.baggage = theirs.map(str::to_owned);
            let carrying = trace.carrying(id);
            assert_eq!(carrying.correlation_id().as_deref(), Some(id));
            assert!(
                carrying.baggage.as_deref().is_some_and(|all| all.starts_with(theirs.unwrap_or_default()))
            );
            assert_eq!(carrying.clone().carrying("another"), carrying, "the first stays");
        }
    }

    #[test]
    fn baggage_that_is_full_is_passed_on_as_it_is() {
        let mut trace = TraceContext::root();
        trace.baggage = Some("k=".to_owned() + &"v".repeat(MAX_BAGGAGE - 2));
        assert_eq!(trace.clone().carrying("a"), trace);
    }
}
