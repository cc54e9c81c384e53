//! One span, from its beginning until it is handed over.

use std::{borrow::Cow, time::Instant};

use opentelemetry::{
    InstrumentationScope, KeyValue, Value,
    trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::{export, names};
use crate::{clock::Clock, trace::TraceContext};

/// Most links of one span; the default of the standard.
const LINKS: usize = 128;

/// What was done, for whom, and how long it took.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    kind: SpanKind,
    name: Cow<'static, str>,
    trace: u128,
    id: u64,
    /// 0 for none.
    parent: u64,
    began: Instant,
    ended: Instant,
    attributes: Vec<KeyValue>,
    links: Vec<Link>,
    dropped_links: u32,
    error: Option<Cow<'static, str>>,
}

impl Span {
    /// A span that begins, and as yet ends, now.
    pub fn new(
        kind: SpanKind,
        name: impl Into<Cow<'static, str>>,
        trace: u128,
        id: u64,
        parent: u64,
    ) -> Self {
        let now = Instant::now();
        Self {
            kind,
            name: name.into(),
            trace,
            id,
            parent,
            began: now,
            ended: now,
            attributes: Vec::new(),
            links: Vec::new(),
            dropped_links: 0,
            error: None,
        }
    }

    /// With an attribute.
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Begun at this moment.
    pub fn since(mut self, began: Instant) -> Self {
        self.began = began;
        self
    }

    /// Failed, for a reason with this stable code: texts may quote data.
    pub fn failed(mut self, code: Option<impl Into<Cow<'static, str>>>) -> Self {
        if let Some(code) = code {
            self.fail(code);
        }
        self
    }

    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(key, value));
    }

    pub fn fail(&mut self, code: impl Into<Cow<'static, str>>) {
        self.error = Some(code.into());
    }

    pub fn link(&mut self, to: &TraceContext) {
        if self.links.len() < LINKS {
            self.links.push(Link::with_context(context(to.trace(), to.span(), true)));
        } else {
            self.dropped_links += 1;
        }
    }

    pub fn end(&mut self) {
        self.ended = Instant::now();
    }

    /// Its id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its trace's id.
    pub fn trace(&self) -> u128 {
        self.trace
    }

    /// Hands it over: from here on nobody waits for it.
    pub fn export(self) {
        export::take(self);
    }

    /// As the exporter takes it. Times are those of the clock, counted back.
    pub(super) fn into_data(self, clock: &Clock, scope: &InstrumentationScope) -> SpanData {
        let (now, moment) = (clock.now(), Instant::now());
        let at = |then: Instant| {
            let ago =
                jiff::SignedDuration::try_from(moment.saturating_duration_since(then)).unwrap_or_default();
            now.checked_sub(ago).unwrap_or(now).into()
        };
        let mut attributes = self.attributes;
        let status = match self.error {
            Some(code) => {
                attributes.push(KeyValue::new(names::ERROR, code.clone()));
                Status::error(code)
            }
            None => Status::Unset,
        };
        let mut links = SpanLinks::default();
        links.links = self.links;
        links.dropped_count = self.dropped_links;
        SpanData {
            span_context: context(self.trace, self.id, false),
            parent_span_id: SpanId::from(self.parent),
            parent_span_is_remote: matches!(self.kind, SpanKind::Consumer | SpanKind::Server),
            span_kind: self.kind,
            name: self.name,
            start_time: at(self.began),
            end_time: at(self.ended),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status,
            instrumentation_scope: scope.clone(),
        }
    }
}

fn context(trace: u128, span: u64, is_remote: bool) -> SpanContext {
    let (trace, span) = (TraceId::from(trace), SpanId::from(span));
    SpanContext::new(trace, span, TraceFlags::SAMPLED, is_remote, TraceState::NONE)
}
