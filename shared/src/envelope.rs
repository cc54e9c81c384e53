//! What travels beside a record: CloudEvents 1.0 attributes (Kafka binding, binary mode) and W3C trace context, as
//! one type with one way into headers and one way out.

use jiff::Timestamp;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use uuid::Uuid;

use crate::{runtime::dead_letter::TRACE, step::Origin, trace::TraceContext};

/// The media type of a Confluent-framed Avro value.
pub const CONTENT_TYPE: &str = "application/vnd.confluent.avro";

/// Who says what, when, about which subject and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Envelope {
    /// `ce_id`: the event. A repeat has the same.
    pub id: Uuid,
    /// `ce_source`: the step that made it.
    pub source: String,
    /// `ce_type`: the Avro full name.
    pub kind: String,
    /// `ce_time`: when it happened, not when it was sent.
    pub time: Timestamp,
    /// `ce_subject`: the Kafka key.
    pub subject: String,
    /// `ce_dataschema`: where the writer's schema is.
    pub dataschema: Option<String>,
    /// `ce_correlationid`: the request that began it all.
    pub correlation_id: String,
    /// `ce_causationid`: the event that led to this one; none for a root.
    pub causation_id: Option<Uuid>,
    /// `traceparent`, `tracestate`, `baggage`.
    pub trace: TraceContext,
    /// `ce_attempts`, `ce_heldms`: what it took to get it. Not part of what happened: a repeat may say otherwise.
    #[serde(default)]
    pub tried: Tried,
}

/// What has come before an answer: nothing, as a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tried {
    /// How often its cause was handled in vain. Waiting for what is known to be down is no attempt.
    pub attempts: u32,
    /// For how long its cause was held, in milliseconds.
    pub held_ms: u64,
}

impl Tried {
    /// Whether the first attempt succeeded, at once.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Envelope {
    /// As Kafka headers.
    #[must_use]
    pub fn to_headers(&self) -> OwnedHeaders {
        let (id, time) = (self.id.to_string(), self.time.to_string());
        let cause = self.causation_id.map(|id| id.to_string());
        let trace = self.trace.to_string();
        let tried = |count: u64| (!self.tried.is_nothing()).then(|| count.to_string());
        let (attempts, held_ms) = (tried(self.tried.attempts.into()), tried(self.tried.held_ms));
        let all = [
            ("ce_specversion", Some("1.0")),
            ("ce_id", Some(id.as_str())),
            ("ce_source", Some(&self.source)),
            ("ce_type", Some(&self.kind)),
            ("ce_time", Some(&time)),
            ("ce_subject", Some(&self.subject)),
            ("ce_dataschema", self.dataschema.as_deref()),
            ("content-type", Some(CONTENT_TYPE)),
            ("ce_correlationid", Some(&self.correlation_id)),
            ("ce_causationid", cause.as_deref()),
            ("traceparent", Some(&trace)),
            ("tracestate", self.trace.state.as_deref()),
            ("baggage", self.trace.baggage.as_deref()),
            ("ce_attempts", attempts.as_deref()),
            ("ce_heldms", held_ms.as_deref()),
        ];
        let mut headers = OwnedHeaders::new_with_capacity(all.len());
        for (key, value) in all.into_iter().filter(|(_, value)| value.is_some()) {
            headers = headers.insert(Header { key, value });
        }
        headers
    }

    /// From Kafka headers. What a foreign producer left out is filled in from the record's place, always the same way:
    /// an id from topic, partition and offset; the type from its schema; a correlation and a trace of its own.
    #[must_use]
    pub fn from_headers<H: Headers>(
        headers: Option<&H>,
        origin: &Origin,
        key: &str,
        full_name: &str,
    ) -> Self {
        let told = headers.map(Told::by).unwrap_or_default();
        let id = match told.id {
            // What was put aside has the headers of an event, and is another record.
            _ if origin.topic.is_of_a_group() => ids::of_place(origin),
            Some(id) => Uuid::parse_str(id)
                .unwrap_or_else(|_| ids::from_parts(&[told.source.unwrap_or_default(), id])),
            None => ids::of_place(origin),
        };
        // A dead letter stands below the failure in its trace.
        let below = told.below.filter(|_| origin.topic.is_of_a_group());
        let trace = below.or(told.trace).and_then(TraceContext::parse).map(|mut trace| {
            trace.state = told.state.map(str::to_owned);
            trace.baggage = told.baggage.map(str::to_owned);
            trace
        });
        let trace = trace.unwrap_or_else(|| TraceContext::of_event(id));
        let correlation_id = told.correlation_id.map(str::to_owned).or_else(|| trace.correlation_id());
        Self {
            id,
            source: told.source.unwrap_or("unknown").to_owned(),
            kind: told.kind.unwrap_or(full_name).to_owned(),
            time: told.time.and_then(|time| time.parse().ok()).unwrap_or(origin.timestamp),
            subject: told.subject.unwrap_or(key).to_owned(),
            dataschema: told.dataschema.map(str::to_owned),
            correlation_id: correlation_id.unwrap_or_else(|| id.to_string()),
            causation_id: told.causation_id.and_then(|id| Uuid::parse_str(id).ok()),
            trace,
            tried: Tried {
                attempts: told.attempts.and_then(|count| count.parse().ok()).unwrap_or_default(),
                held_ms: told.held_ms.and_then(|count| count.parse().ok()).unwrap_or_default(),
            },
        }
    }
}

/// What headers tell, as text. Of two of one name the last counts, as in Kafka's own `Headers.lastHeader`.
#[derive(Default)]
struct Told<'h> {
    id: Option<&'h str>,
    source: Option<&'h str>,
    kind: Option<&'h str>,
    time: Option<&'h str>,
    subject: Option<&'h str>,
    dataschema: Option<&'h str>,
    correlation_id: Option<&'h str>,
    causation_id: Option<&'h str>,
    trace: Option<&'h str>,
    below: Option<&'h str>,
    state: Option<&'h str>,
    baggage: Option<&'h str>,
    attempts: Option<&'h str>,
    held_ms: Option<&'h str>,
}

impl<'h> Told<'h> {
    /// Reads each header once: there are many, and every record has them.
    fn by<H: Headers>(headers: &'h H) -> Self {
        let mut told = Self::default();
        for header in headers.iter() {
            let of_that_name = match header.key {
                "ce_id" => &mut told.id,
                "ce_source" => &mut told.source,
                "ce_type" => &mut told.kind,
                "ce_time" => &mut told.time,
                "ce_subject" => &mut told.subject,
                "ce_dataschema" => &mut told.dataschema,
                "ce_correlationid" => &mut told.correlation_id,
                "ce_causationid" => &mut told.causation_id,
                "traceparent" => &mut told.trace,
                TRACE => &mut told.below,
                "tracestate" => &mut told.state,
                "baggage" => &mut told.baggage,
                "ce_attempts" => &mut told.attempts,
                "ce_heldms" => &mut told.held_ms,
                _ => continue,
            };
            *of_that_name = header.value.and_then(|value| std::str::from_utf8(value).ok());
        }
        told
    }
}

/// Ids that are the same for a repeat (UUID v5, RFC 9562): what makes "nothing twice" checkable.
pub mod ids {
    use uuid::Uuid;

    use crate::step::Origin;

    /// The namespace of every id made here. Permanent.
    const NAMESPACE: Uuid = Uuid::from_u128(0x6f72_6465_7266_6c6f_775f_6576_656e_7473);

    /// An id from parts, each ended by a byte no text holds, so that ("a", "bc") is not ("ab", "c").
    #[must_use]
    pub fn from_parts(parts: &[&str]) -> Uuid {
        let mut name = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for part in parts {
            name.extend_from_slice(part.as_bytes());
            name.push(0xff);
        }
        Uuid::new_v5(&NAMESPACE, &name)
    }

    /// The id of an event a step emits: the cause, the step, the record type, and which one of that type.
    #[must_use]
    pub fn of_event(cause: Uuid, step: &str, record: &str, ordinal: usize) -> Uuid {
        from_parts(&[&cause.to_string(), step, record, &ordinal.to_string()])
    }

    /// The id of a root event, such as (order id, "placed").
    #[must_use]
    pub fn of_root(subject: &str, what: &str) -> Uuid {
        from_parts(&[subject, what])
    }

    /// The id of a foreign record that has none.
    #[must_use]
    pub fn of_place(origin: &Origin) -> Uuid {
        from_parts(&[origin.topic.name(), &origin.partition.to_string(), &origin.offset.to_string()])
    }
}
