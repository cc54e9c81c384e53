//! `orderflow orders`: one order's timeline, read from the topics (`show`), or as it comes from order-status.

mod decided;
mod draw;
mod facts;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use order_status::{AuditRecord, Decision, names};
use orderflow::{
    clock::Clock,
    envelope::ids,
    events::{OrderPlaced, Record},
    order_state::{Facts, State},
    runtime::waiting::journal::Note,
    step::Origin,
    topics::{
        AUDIT, FRAUD, FRAUD_LABELS, FRAUD_SHADOW, GroupTopics, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING,
    },
};
use serde::Serialize;
use uuid::Uuid;

use super::{print, print_json};
use crate::{
    connection::Connection,
    log::{Decoder, Entry, Place, read},
};

const EXAMPLES: &str = "\
Examples:
  orderflow orders show 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10
  orderflow orders show 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --kafka localhost:9092 --json
  orderflow orders show 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --audit > order.json

Reads the topics from their beginning to their end as of now: committed records only. --audit says of each line where
the log has it, and ends with a SHA-256 over `timeline` as canonical JSON (RFC 8785).";

/// Orders, from the topics.
#[derive(Debug, Subcommand)]
pub(super) enum Orders {
    /// One order: its state, and its events in order. Exit code 1 when nothing is known of it.
    #[command(after_help = EXAMPLES)]
    Show(Box<Show>),
    /// One line per event of an order as it comes, until it is finished.
    Watch(super::watch::Watch),
    /// Asks to cancel an order.
    Cancel(super::cancel::Cancel),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The order's id, as the 202 names it.
    id: Uuid,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// As a record to keep, with a digest: JSON.
    #[arg(long)]
    audit: bool,
}

/// An order for output.
#[derive(Debug, Serialize)]
struct Timeline {
    order_id: Uuid,
    state: State,
    events: Vec<Line>,
}

/// One event for output.
#[derive(Debug, Serialize)]
struct Line {
    time: Timestamp,
    event: String,
    by: String,
    facts: String,
    id: Uuid,
    cause: Option<Uuid>,
    place: String,
    /// Milliseconds since what led to it; of something put aside, since that itself.
    ms: Option<f64>,
    /// Milliseconds since the order was placed.
    ms_total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    /// The same as order-status tells it.
    #[serde(skip)]
    kept: order_status::Line,
}

impl Orders {
    pub(super) async fn run(self) -> Result<bool> {
        let show = match self {
            Self::Show(show) => show,
            Self::Watch(watch) => return watch.run().await,
            Self::Cancel(cancel) => return cancel.run().await,
        };
        let topics =
            [ORDERS, REVIEWS, FRAUD, FRAUD_SHADOW, FRAUD_LABELS, INVENTORY, PAYMENTS, SHIPPING, AUDIT];
        let config = show.connection.kafka_config();
        let mut entries = read(&config, &show.connection.names(), &topics, true).await?;
        let audit = |entry: &Entry| entry.place == Place::Topic(AUDIT);
        entries.retain(|entry| entry.order_id() == Some(show.id) || audit(entry));
        let decoder = Decoder::new(show.connection.registry()?);
        decoder.learn(&entries).await?;
        entries.retain(|entry| !audit(entry) || decided::is_act_on(entry, &decoder, show.id));
        let timeline = timeline(show.id, &mut entries, &decoder);
        let is_known = !timeline.events.is_empty();
        if show.audit {
            print_json(&record(timeline)?)?;
        } else if show.json {
            print_json(&timeline)?;
        } else {
            print(draw::text(&timeline, draw::Ink::of_stdout()))?;
        }
        Ok(is_known)
    }
}

fn record(timeline: Timeline) -> Result<AuditRecord> {
    let lines = timeline.events.into_iter().map(|line| line.kept).collect();
    AuditRecord::new(timeline.order_id, names(timeline.state), lines, Clock::system().now(), "orderflow")
        .context("the record cannot be made")
}

fn timeline(order_id: Uuid, entries: &mut [Entry], decoder: &Decoder) -> Timeline {
    // Kafka's time breaks ties: an answer is never on the log before what it answers.
    entries.sort_by_key(|entry| (time(entry), entry.timestamp, entry.offset));
    let entries: &[Entry] = entries;
    let mut known = Facts::default();
    entries.iter().filter(|e| decided::says_of_state(e)).for_each(|entry| decoder.tell(entry, &mut known));
    let shown = entries.iter().filter(|entry| !decided::is_beside(entry));
    let mut events: Vec<Line> = shown.map(|entry| line(entry, decoder, entries)).collect();
    since(entries, &mut events);
    Timeline { order_id, state: known.state(), events }
}

/// When it happened. What is put aside carries its event's time; it was put aside when Kafka got it. One that is parked
/// says when.
fn time(entry: &Entry) -> Timestamp {
    match (&entry.place, &entry.parking) {
        (Place::Topic(_), _) => entry.envelope.time,
        (_, Some(parking)) => parking.at,
        (_, None) => entry.timestamp,
    }
}

/// How long each took, once all are there.
fn since(entries: &[Entry], lines: &mut [Line]) {
    let on_topics = || entries.iter().filter(|entry| matches!(entry.place, Place::Topic(_)));
    let placed = on_topics().find(|entry| OrderPlaced::is_named(&entry.envelope.kind));
    let placed = placed.map(|entry| entry.envelope.time);
    for line in lines {
        let cause = on_topics().find(|entry| Some(entry.envelope.id) == line.kept.cause);
        line.ms = cause.map(|cause| order_status::millis(cause.envelope.time, line.time));
        line.ms_total = placed.map(|placed| order_status::millis(placed, line.time));
        (line.kept.ms, line.kept.ms_total) = (line.ms, line.ms_total);
    }
}

fn line(entry: &Entry, decoder: &Decoder, all: &[Entry]) -> Line {
    let place = format!("partition {}, offset {}", entry.partition, entry.offset);
    let record = entry.record();
    let about = match entry.note {
        Note::Waits => entry.envelope.id,
        Note::Settled(id) | Note::Discarded(id) | Note::Buried(id) => id,
    };
    // As people read it; as order-status calls it; whose it is; where it stands.
    let (event, name, by, topic) = match &entry.place {
        Place::Topic(topic) => (record.to_owned(), record, entry.envelope.source.clone(), *topic),
        Place::DeadLetters(service) => (
            format!("dead letter: {record}"),
            "DeadLetter",
            service.clone(),
            of_group(service, |g| g.dead_letters),
        ),
        Place::Parked(service) => (
            format!("parked: {record}"),
            "DeadLetterParked",
            service.clone(),
            of_group(service, |g| g.parked),
        ),
        Place::Waiting(service) => {
            let (event, name) = match entry.note {
                Note::Waits => (format!("waits: {record}"), "Waits"),
                Note::Settled(_) => ("settled".to_owned(), "DeadLetterSettled"),
                Note::Discarded(_) => ("discarded".to_owned(), "DeadLetterDiscarded"),
                Note::Buried(_) => ("blocks".to_owned(), "Blocks"),
            };
            (event, name, service.clone(), of_group(service, |g| g.waiting))
        }
    };
    let (facts, decision) = (facts::of(entry, decoder), decided::decision(entry, decoder, all));
    let is_event = matches!(entry.place, Place::Topic(_));
    let origin =
        Origin { topic, partition: entry.partition, offset: entry.offset, timestamp: entry.timestamp };
    let (who, why) = decided::words(entry, decoder);
    let kept = order_status::Line {
        id: if is_event { entry.envelope.id } else { ids::of_place(&origin) },
        event: name.to_owned(),
        by: by.clone(),
        at: time(entry),
        cause: if is_event { decided::cause(entry, decoder) } else { Some(about) },
        facts: facts.clone(),
        ms: None,
        ms_total: None,
        staff: Some(order_status::ForStaff {
            topic: topic.name().to_owned(),
            partition: Some(entry.partition),
            offset: entry.offset,
            trace_id: Some(entry.envelope.trace.trace_id()),
            tried: (!entry.envelope.tried.is_nothing()).then_some(entry.envelope.tried),
            decision: decision.clone(),
            who,
            why,
            words_at: None,
        }),
    };
    Line {
        time: kept.at,
        event,
        by,
        facts,
        id: about,
        cause: entry.envelope.causation_id,
        place: format!("{topic}, {place}"),
        ms: None,
        ms_total: None,
        decision,
        kept,
    }
}

fn of_group(
    service: &str,
    topic: impl Fn(GroupTopics) -> orderflow::topics::Topic,
) -> orderflow::topics::Topic {
    GroupTopics::of(service).map_or(ORDERS, topic)
}
