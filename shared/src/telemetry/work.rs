//! What is being done now, and the spans below it: a request, or a batch of records. They are gathered until it is over,
//! since only then it is known whose are kept.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use opentelemetry::{Value, trace::SpanKind};

use super::{Span, export};
use crate::trace::{TraceContext, random_span, random_trace};

tokio::task_local! {
    static CURRENT: Arc<Work>;
}

/// A request or a batch, while it is worked on.
#[derive(Debug)]
pub(crate) struct Work {
    pub members: Vec<Member>,
    /// The span of all together: that of the only member, else one of its own.
    pub whole: (u128, u64),
    pub began: Instant,
    children: Mutex<Vec<(Option<usize>, Span)>>,
}

/// One record of a batch, or a request.
#[derive(Debug)]
pub(crate) struct Member {
    /// What its key hashes to.
    subject: u64,
    pub trace: u128,
    /// 0 for none.
    pub parent: u64,
    pub span: u64,
    sampled: bool,
}

impl Member {
    /// A record: its span is below the one it was sent in.
    pub fn of_record(key: &[u8], sent: &TraceContext) -> Self {
        let (trace, parent, sampled) = (sent.trace(), sent.span(), sent.is_sampled());
        Self { subject: hash(key), trace, parent, span: random_span(), sampled }
    }

    /// A request: it has a span already.
    pub fn of_request(own: &TraceContext, parent: u64) -> Self {
        Self { subject: 0, trace: own.trace(), parent, span: own.span(), sampled: own.is_sampled() }
    }
}

impl Work {
    /// Work that begins now; none where there is no collector.
    pub fn begin(members: impl Iterator<Item = Member>) -> Option<Arc<Self>> {
        export::is_on().then(|| {
            let members: Vec<Member> = members.collect();
            let whole = match members.as_slice() {
                [one] => (one.trace, one.span),
                _ => (random_trace(), random_span()),
            };
            Arc::new(Self { members, whole, began: Instant::now(), children: Mutex::default() })
        })
    }

    /// Hands over the spans below those members that are kept; what was done for all is kept with any of them.
    pub fn finish(&self, kept: &[bool]) {
        let any = kept.contains(&true);
        let children = std::mem::take(&mut *self.children.lock().unwrap_or_else(PoisonError::into_inner));
        let is_kept = |whose: Option<usize>| whose.map_or(any, |index| kept.get(index) == Some(&true));
        children.into_iter().filter(|(whose, _)| is_kept(*whose)).for_each(|(_, span)| span.export());
    }

    /// Whose work it is: the member with this key, or all of them.
    fn whose(&self, subject: Option<&str>) -> Option<usize> {
        if self.members.len() == 1 {
            return Some(0);
        }
        let subject = hash(subject?.as_bytes());
        self.members.iter().position(|member| member.subject == subject)
    }
}

/// Does this within that work.
pub(crate) async fn within<F: Future>(work: Option<&Arc<Work>>, doing: F) -> F::Output {
    match work {
        Some(work) => CURRENT.scope(Arc::clone(work), doing).await,
        None => doing.await,
    }
}

/// Begins a span below what is being done now: for the record with the key `subject`, or for the whole batch. It ends
/// with [`Timed::end`]; dropped before, it was cancelled. Costs next to nothing where there is no collector.
pub fn begin(kind: SpanKind, name: impl Into<Cow<'static, str>>, subject: Option<&str>) -> Timed {
    let begun = CURRENT.try_with(|work| {
        let whose = work.whose(subject);
        let member = whose.and_then(|index| work.members.get(index));
        let (trace, parent) = member.map_or(work.whole, |member| (member.trace, member.span));
        let span = Span::new(kind, name, trace, random_span(), parent);
        let sampled = member.is_none_or(|member| member.sampled);
        Box::new(Begun { work: Arc::clone(work), whose, span, sampled, has_ended: false })
    });
    Timed(begun.ok())
}

/// A span that is under way.
#[derive(Debug)]
pub struct Timed(Option<Box<Begun>>);

#[derive(Debug)]
struct Begun {
    work: Arc<Work>,
    whose: Option<usize>,
    span: Span,
    sampled: bool,
    has_ended: bool,
}

impl Timed {
    /// Whether anybody may see it.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes an attribute. Never personal data.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(begun) = &mut self.0 {
            begun.span.set(key, value);
        }
    }

    /// For whoever is asked: the W3C `traceparent` of what they do.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        let begun = self.0.as_ref()?;
        Some(TraceContext::of(begun.span.trace(), begun.span.id(), begun.sampled).to_string())
    }

    /// Ends it, well or with an error that has this code.
    pub fn end(mut self, error: Option<impl Into<Cow<'static, str>>>) {
        if let Some(begun) = &mut self.0 {
            begun.has_ended = true;
            if let Some(code) = error {
                begun.span.fail(code);
            }
        }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let Some(begun) = self.0.take() else { return };
        let Begun { work, whose, mut span, has_ended, .. } = *begun;
        if !has_ended {
            span.fail("cancelled");
        }
        span.end();
        work.children.lock().unwrap_or_else(PoisonError::into_inner).push((whose, span));
    }
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}
