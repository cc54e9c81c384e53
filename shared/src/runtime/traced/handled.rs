//! Spans of what a step does: of each record that is kept, and of its batch.

use std::sync::Arc;

use super::{KEPT, Reader, about, operation, sent_by};
use crate::{
    fault::Fault,
    runtime::{batch::Raw, hop::Answer},
    step::Received,
    telemetry::{Kind, Member, Span, Work, names, wants},
    trace::TraceContext,
};

/// A batch in the hands of a step.
pub(crate) struct Handled<'b> {
    pub reader: &'b Reader,
    pub step: &'static str,
    pub raws: &'b [&'b Raw],
}

impl Handled<'_> {
    /// Begins it.
    pub fn begin<In>(records: &[Received<In>]) -> Option<Arc<Work>> {
        let member = |record: &Received<In>| {
            Member::of_record(record.envelope.subject.as_bytes(), &record.envelope.trace)
        };
        Work::begin(records.iter().map(member))
    }

    /// Ends it: hands over the spans of the records that are kept, and has their events say where they were sent. Returns
    /// the span of each that was.
    pub fn end<In>(
        &self,
        work: &Work,
        records: &[Received<In>],
        answers: &mut [Answer],
    ) -> Vec<Option<TraceContext>> {
        let mut kept = Vec::with_capacity(records.len());
        let mut spans = Vec::with_capacity(records.len());
        for (((record, raw), answer), member) in records.iter().zip(self.raws).zip(answers).zip(&work.members)
        {
            let keep = wants(&record.envelope.trace) || is_notable(answer);
            kept.push(keep);
            spans.push(keep.then(|| self.record(work, member, record, raw, answer)));
        }
        if kept.contains(&true) && records.len() > 1 {
            self.whole(work, records, &kept);
        }
        work.finish(&kept);
        spans
    }

    /// The span of one record.
    fn record<In>(
        &self,
        work: &Work,
        member: &Member,
        record: &Received<In>,
        raw: &Raw,
        answer: &mut Answer,
    ) -> TraceContext {
        let own = TraceContext::of(member.trace, member.span, true);
        let fault = answer.as_ref().err().map(Fault::code);
        let mut span = self
            .reader
            .process(raw, member.trace, member.span, member.parent)
            .since(work.began)
            .with(names::STEP, self.step)
            .failed(fault);
        span = about(span, &record.envelope);
        if work.members.len() > 1 {
            span.link(&TraceContext::of(work.whole.0, work.whole.1, true));
        }
        span.export();
        if let Ok(events) = answer {
            sent_by(&own, events);
        }
        own
    }

    /// The span of all of them, linked with those that are kept.
    fn whole<In>(&self, work: &Work, records: &[Received<In>], kept: &[bool]) {
        let topic = self.raws.first().map(|raw| self.reader.names.topic(raw.place.topic));
        let name = format!("process {}", topic.unwrap_or_default());
        let (trace, id) = work.whole;
        let span = Span::new(Kind::Consumer, name, trace, id, 0).since(work.began);
        let mut span = operation(span, "process")
            .with(names::SYSTEM, "kafka")
            .with(names::GROUP, self.reader.group.clone())
            .with(names::BATCH, i64::try_from(records.len()).unwrap_or(i64::MAX))
            .with(names::STEP, self.step);
        for (record, _) in records.iter().zip(kept).filter(|(_, kept)| **kept) {
            span.link(&record.envelope.trace);
        }
        span.export();
    }
}

/// Whether an answer is kept that nobody asked to see: a fault, unless an outage that somebody has told of, and an order
/// that is held or flagged.
fn is_notable(answer: &Answer) -> bool {
    match answer {
        Err(fault) => fault.pause().is_none(),
        Ok(events) => events.iter().any(|event| KEPT.contains(&event.encoded.record.name)),
    }
}
