//! Spans of records, in the messaging conventions (<https://opentelemetry.io/docs/specs/semconv/messaging/>).
//!
//! A record's `process` span stands below the `send` span that its `traceparent` names, also across services, so an
//! order has one trace. What is done for a whole batch has a span of its own, linked with those of its records.
//!
//! They are made once a batch is answered: whose are kept is known only then, and a record nobody wants to see costs two
//! comparisons and a random number.

mod handled;

use std::time::Instant;

use super::{batch::Raw, dead_letter::TRACE, hop::Emitted, original, writer::Outgoing};
use crate::{
    envelope::Envelope,
    fault::Fault,
    telemetry::{Kind, Span, is_on, names, wants},
    topics::Names,
    trace::{TraceContext, random_span, random_trace},
};
pub(crate) use handled::Handled;

/// Records that are worth a look: their traces are kept from here on.
const KEPT: [&str; 2] = ["OrderHeldForReview", "OrderFraudDetected"];

/// Who reads, as spans tell it.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub names: Names,
    pub group: String,
}

impl Reader {
    /// A span about a record where it was read.
    fn about(&self, span: Span, raw: &Raw) -> Span {
        span.with(names::SYSTEM, "kafka")
            .with(names::GROUP, self.group.clone())
            .with(names::DESTINATION, self.names.topic(raw.place.topic))
            .with(names::PARTITION, raw.place.partition.to_string())
            .with(names::OFFSET, raw.place.offset)
            .with(names::KEY, raw.key_text())
    }

    fn process(&self, raw: &Raw, trace: u128, id: u64, parent: u64) -> Span {
        let name = format!("process {}", self.names.topic(raw.place.topic));
        let mut span =
            operation(self.about(Span::new(Kind::Consumer, name, trace, id, parent), raw), "process");
        if raw.place.topic != raw.origin.topic {
            span.set(names::AGAIN, true);
            if let Some(letter) = trace_of(raw, TRACE) {
                span.link(&letter);
            }
        }
        span
    }

    /// Tells of the records of a poll that somebody wants to see.
    pub fn received<'r>(&self, batch: impl Iterator<Item = &'r Raw>, began: Instant) {
        if !is_on() {
            return;
        }
        let (mut count, mut seen) = (0_i64, Vec::new());
        for raw in batch {
            count += 1;
            seen.extend(trace_of(raw, "traceparent").filter(wants).map(|trace| (raw, trace)));
        }
        let Some((raw, first)) = seen.first() else { return };
        let alone = count == 1;
        let (trace, parent) = if alone { (first.trace(), first.span()) } else { (random_trace(), 0) };
        let name = format!("receive {}", self.names.topic(raw.place.topic));
        let span = Span::new(Kind::Client, name, trace, random_span(), parent).since(began);
        let mut span = if alone {
            self.about(span, raw)
        } else {
            span.with(names::SYSTEM, "kafka").with(names::GROUP, self.group.clone()).with(names::BATCH, count)
        };
        if !alone {
            seen.iter().for_each(|(_, trace)| span.link(trace));
        }
        operation(span, "receive").export();
    }

    /// The span of a record that no step could be asked about; where its dead letter stands.
    pub fn refused(&self, raw: &Raw, fault: &Fault) -> Option<TraceContext> {
        if !is_on() {
            return None;
        }
        let sent = trace_of(raw, "traceparent").unwrap_or_else(TraceContext::root);
        let mut own = sent.child();
        own.sample(true);
        self.process(raw, own.trace(), own.span(), sent.span()).failed(Some(fault.code())).export();
        Some(own)
    }
}

/// Has the events say that they were sent below this span, and that their traces are kept.
fn sent_by(span: &TraceContext, events: &mut [Emitted]) {
    for event in events {
        event.envelope.trace.sample(true);
        event.sender = Some(span.span());
    }
}

/// The span of events that a deadline leads to.
pub(crate) fn due(step: &'static str, cause: &Envelope, events: &mut [Emitted]) {
    let notable = || events.iter().any(|event| KEPT.contains(&event.encoded.record.name));
    if !is_on() || !(wants(&cause.trace) || notable()) {
        return;
    }
    let own = cause.trace.child();
    let span = Span::new(Kind::Internal, step, own.trace(), own.span(), cause.trace.span());
    about(span.with(names::STEP, step), cause).export();
    sent_by(&own, events);
}

/// The span of sending an event to this topic, below the one it was made in.
pub(crate) fn sending(topic: &str, envelope: &Envelope, parent: u64) -> Box<Span> {
    let span = producing(topic, &envelope.trace, parent);
    Box::new(about(span, envelope).with(names::KEY, envelope.subject.clone()))
}

/// The span of sending a dead letter.
pub(crate) fn burying(topic: &str, raw: &Raw, letter: &TraceContext, parent: u64) -> Box<Span> {
    Box::new(producing(topic, letter, parent).with(names::KEY, raw.key_text()))
}

fn producing(topic: &str, own: &TraceContext, parent: u64) -> Span {
    let span = Span::new(Kind::Producer, format!("send {topic}"), own.trace(), own.span(), parent);
    operation(span, "send").with(names::SYSTEM, "kafka").with(names::DESTINATION, topic.to_owned())
}

/// Tells how the records were sent, all at once: since when, and why not.
pub(crate) fn sent(records: &[Outgoing], began: Instant, failed: Option<&'static str>) {
    for span in records.iter().filter_map(|record| record.span.as_deref()) {
        let mut span = span.clone().since(began).failed(failed);
        span.end();
        span.export();
    }
}

fn about(span: Span, envelope: &Envelope) -> Span {
    span.with(names::MESSAGE, envelope.id.to_string())
        .with(names::CONVERSATION, envelope.correlation_id.clone())
        .with(names::EVENT_TYPE, envelope.kind.clone())
}

fn operation(span: Span, name: &'static str) -> Span {
    span.with(names::OPERATION, name).with(names::OPERATION_TYPE, name)
}

/// Where a record stands in its trace, by this header.
fn trace_of(raw: &Raw, header: &str) -> Option<TraceContext> {
    let value = raw.headers().and_then(|headers| original::last(headers, header))?;
    std::str::from_utf8(value).ok().and_then(TraceContext::parse)
}
