//! A step with everything around it that is the same for every step, and without its types.

use std::{collections::HashMap, marker::PhantomData, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    batch::{OnWire, Raw},
    traced::{Handled, Reader},
};
use crate::{
    codec::Codec,
    envelope::{Envelope, Tried, ids},
    events::{Encoded, Event, Input, RecordType},
    fault::{Consequence, Fault},
    faults::{Plant, planted},
    metrics,
    step::{Outcome, Received, Step},
    telemetry::within,
    topics::Topic,
    trace::TraceContext,
};

/// An event of a step, ready to be written.
#[derive(Debug)]
pub(crate) struct Emitted {
    pub encoded: Encoded,
    pub envelope: Envelope,
    /// The span it was made in, when that is kept.
    pub sender: Option<u64>,
}

/// What a step answered to one record.
pub(crate) type Answer = Result<Vec<Emitted>, Fault>;

/// What became of a record in a step.
pub(crate) struct Answered {
    pub answer: Answer,
    /// Its span, when it is kept.
    pub span: Option<TraceContext>,
}

/// A step the loop can call.
#[async_trait]
pub(crate) trait Hop: Send + Sync {
    fn name(&self) -> &'static str;
    fn inputs(&self) -> Vec<RecordType>;
    fn outputs(&self) -> Vec<RecordType>;
    /// Whether its records may wait for company.
    fn gathers(&self) -> bool;

    /// One answer per record, in its order.
    async fn handle(&self, batch: &[&Raw], codec: &Codec) -> Vec<Answered>;
}

/// Which hop handles a record type. The first, where several would.
pub(crate) fn routes(hops: &[Arc<dyn Hop>]) -> HashMap<(Topic, &'static str), usize> {
    let mut routes = HashMap::new();
    for (index, hop) in hops.iter().enumerate() {
        for input in hop.inputs() {
            routes.entry((input.topic, input.name)).or_insert(index);
        }
    }
    routes
}

pub(crate) struct Typed<S: Step> {
    step: S,
    timeout: Duration,
    reader: Reader,
    types: PhantomData<fn(S::In) -> S::Out>,
}

impl<S: Step> Typed<S> {
    pub fn boxed(step: S, timeout: Duration, reader: Reader) -> Arc<dyn Hop> {
        Arc::new(Self { step, timeout, reader, types: PhantomData })
    }
}

#[async_trait]
impl<S: Step> Hop for Typed<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn inputs(&self) -> Vec<RecordType> {
        S::In::types()
    }

    fn outputs(&self) -> Vec<RecordType> {
        S::Out::types()
    }

    fn gathers(&self) -> bool {
        S::GATHERS
    }

    async fn handle(&self, batch: &[&Raw], codec: &Codec) -> Vec<Answered> {
        let mut answers: Vec<Option<Answered>> = Vec::with_capacity(batch.len());
        let mut readable: Vec<Received<S::In>> = Vec::with_capacity(batch.len());
        let mut raws: Vec<&Raw> = Vec::with_capacity(batch.len());
        for raw in batch {
            match receive(&OnWire { raw, names: &self.reader.names }, codec) {
                Ok(received) => {
                    readable.push(received);
                    raws.push(raw);
                    answers.push(None);
                }
                Err(fault) => answers.push(Some(Answered { answer: Err(fault), span: None })),
            }
        }
        let mut read = self.answer(&readable, &raws, codec).await.into_iter();
        let lacking = || {
            let fault = Fault::fatal("step_answers", format!("{} answered too few records", S::NAME));
            Answered { answer: Err(fault), span: None }
        };
        answers.into_iter().map(|answer| answer.or_else(|| read.next()).unwrap_or_else(lacking)).collect()
    }
}

impl<S: Step> Typed<S> {
    /// One answer per record that could be read, and where it stands in its trace.
    async fn answer(&self, batch: &[Received<S::In>], raws: &[&Raw], codec: &Codec) -> Vec<Answered> {
        let work = Handled::begin(batch);
        let outcomes = within(work.as_ref(), self.verdicts(batch)).await;
        let emitted = batch.iter().zip(outcomes).map(|(cause, outcome)| {
            outcome.and_then(|outcome| emit(S::NAME, &cause.envelope, outcome, codec))
        });
        let mut answers: Vec<Answer> = emitted.collect();
        let spans = work.map(|work| {
            let handled = Handled { reader: &self.reader, step: S::NAME, raws };
            handled.end(&work, batch, &mut answers)
        });
        let spans = spans.unwrap_or_default().into_iter().chain(std::iter::repeat(None));
        answers.into_iter().zip(spans).map(|(answer, span)| Answered { answer, span }).collect()
    }

    /// The step's verdicts; a fault of the whole batch is narrowed down record by record.
    async fn verdicts(&self, batch: &[Received<S::In>]) -> Vec<Result<Outcome<S::Out>, Fault>> {
        if batch.is_empty() {
            return Vec::new();
        }
        let fault = match self.guarded(batch).await {
            Ok(outcomes) if outcomes.len() == batch.len() => return outcomes,
            Ok(_) => return batch.iter().map(|_| Err(wrong_count(S::NAME))).collect(),
            Err(fault) if batch.len() == 1 => return vec![Err(fault)],
            Err(fault) => fault,
        };
        match fault.consequence() {
            Consequence::Lost | Consequence::Fatal => batch.iter().map(|_| Err(fault.again())).collect(),
            Consequence::Transient | Consequence::Poison => self.one_by_one(batch).await,
        }
    }

    /// Two transient faults in a row mean that the world is broken, not a record: the rest is not tried.
    async fn one_by_one(&self, batch: &[Received<S::In>]) -> Vec<Result<Outcome<S::Out>, Fault>> {
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut in_a_row = 0;
        for record in batch {
            let last = outcomes.last().and_then(|outcome: &Result<_, Fault>| outcome.as_ref().err());
            if let Some(fault) = last.filter(|_| in_a_row >= 2) {
                let fault = fault.again();
                outcomes.push(Err(fault));
                continue;
            }
            let outcome = match self.guarded(std::slice::from_ref(record)).await {
                Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(wrong_count(S::NAME))),
                Err(fault) => Err(fault),
            };
            let transient = matches!(&outcome, Err(fault) if fault.consequence() == Consequence::Transient);
            in_a_row = if transient { in_a_row + 1 } else { 0 };
            outcomes.push(outcome);
        }
        outcomes
    }

    /// The layers around a step, outermost first.
    async fn guarded(&self, batch: &[Received<S::In>]) -> crate::step::Verdicts<S::Out> {
        let handling = AssertUnwindSafe(self.step.handle(batch)).catch_unwind(); // a panic is one record's fault
        let handling = tokio::time::timeout(self.timeout, handling); // a hanging call must not hold the partition
        let started = std::time::Instant::now();
        // Outermost, so that the span and the duration cover every attempt, also one that timed out.
        let outcome = handling.instrument(line(S::NAME, batch)).await;
        ::metrics::histogram!(metrics::PROCESS_DURATION, "step" => S::NAME).record(started.elapsed());
        match outcome {
            Ok(Ok(verdicts)) => verdicts,
            Ok(Err(panic)) => {
                Err(Fault::poison("step_panicked", format!("{} panicked: {}", S::NAME, message(&*panic))))
            }
            Err(_) => Err(Fault::transient(
                "step_timeout",
                format!("{} took longer than {} s", S::NAME, self.timeout.as_secs_f32()),
            )),
        }
    }
}

/// What stands on every line that is logged meanwhile.
fn line<In>(step: &'static str, batch: &[Received<In>]) -> tracing::Span {
    match batch {
        [Received { envelope, .. }] => tracing::error_span!(
            "process",
            step,
            records = 1,
            correlation_id = envelope.correlation_id,
            trace_id = envelope.trace.trace_id()
        ),
        _ => tracing::error_span!("process", step, records = batch.len()),
    }
}

fn wrong_count(step: &str) -> Fault {
    Fault::fatal("step_answers", format!("{step} did not answer each record once"))
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn receive<In: Input>(record: &OnWire<'_>, codec: &Codec) -> Result<Received<In>, Fault> {
    let event = In::read(codec, record)?;
    let raw = record.raw;
    // What is read whatever its bytes are may have no schema.
    let known = codec.identify(raw.value()).ok();
    let full_name = known.as_ref().map_or("", |(_, known)| &known.full_name);
    let key = String::from_utf8_lossy(raw.key());
    let envelope = Envelope::from_headers(raw.headers(), &raw.origin, &key, full_name);
    Ok(Received { event, envelope, origin: raw.origin })
}

/// Encodes a step's events and gives them their ids: the same for every repeat of their cause.
pub(crate) fn emit<Out: Event>(
    step: &'static str,
    cause: &Envelope,
    outcome: Outcome<Out>,
    codec: &Codec,
) -> Result<Vec<Emitted>, Fault> {
    let mut emitted: Vec<Emitted> = Vec::new();
    for event in outcome.into_events() {
        let encoded = event.encode(codec)?;
        let ordinal = emitted.iter().filter(|other| other.encoded.record.name == encoded.record.name).count();
        let envelope = Envelope {
            id: if planted(Plant::RandomEventId) {
                Uuid::new_v4()
            } else {
                ids::of_event(cause.id, step, encoded.record.name, ordinal)
            },
            source: step.to_owned(),
            kind: format!("orderflow.{}.{}", encoded.record.topic, encoded.record.name),
            time: encoded.occurred_at,
            subject: encoded.key.clone(),
            dataschema: None,
            correlation_id: cause.correlation_id.clone(),
            causation_id: Some(cause.id),
            trace: cause.trace.child(),
            tried: Tried::default(),
        };
        emitted.push(Emitted { encoded, envelope, sender: None });
    }
    Ok(emitted)
}
