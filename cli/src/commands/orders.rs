//! `orderflow orders`: one order's timeline, read from the topics (`show`), or as it comes from order-status.

mod facts;

use anyhow::Result;
use clap::{Args, Subcommand};
use orderflow::{
    order_state::{Facts, State},
    runtime::waiting::journal::Note,
    topics::{FRAUD, FRAUD_LABELS, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING},
};
use serde::Serialize;
use uuid::Uuid;

use super::{print, print_json, table::table};
use crate::{
    connection::Connection,
    log::{Decoder, Entry, Place, read},
};

const EXAMPLES: &str = "\
Examples:
  orderflow orders show 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10
  orderflow orders show 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --kafka localhost:9092 --json

Reads the topics from their beginning to their end as of now: committed records only.";

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
    time: jiff::Timestamp,
    event: String,
    by: String,
    facts: String,
    id: Uuid,
    cause: Option<Uuid>,
    place: String,
}

impl Orders {
    pub(super) async fn run(self) -> Result<bool> {
        let show = match self {
            Self::Show(show) => show,
            Self::Watch(watch) => return watch.run().await,
            Self::Cancel(cancel) => return cancel.run().await,
        };
        let topics = [ORDERS, REVIEWS, FRAUD, FRAUD_LABELS, INVENTORY, PAYMENTS, SHIPPING];
        let config = show.connection.kafka_config();
        let mut entries = read(&config, &show.connection.names(), &topics, true).await?;
        entries.retain(|entry| entry.order_id() == Some(show.id));
        let decoder = Decoder::new(show.connection.registry()?);
        decoder.learn(&entries).await?;
        let timeline = timeline(show.id, &mut entries, &decoder);
        if show.json {
            print_json(&timeline)?;
        } else {
            draw(&timeline)?;
        }
        Ok(!timeline.events.is_empty())
    }
}

fn timeline(order_id: Uuid, entries: &mut [Entry], decoder: &Decoder) -> Timeline {
    // Kafka's time breaks ties: an answer is never on the log before what it answers.
    entries.sort_by_key(|entry| (entry.envelope.time, entry.timestamp, entry.offset));
    let mut known = Facts::default();
    entries.iter().for_each(|entry| decoder.tell(entry, &mut known));
    let events = entries.iter().map(|entry| line(entry, decoder)).collect();
    Timeline { order_id, state: known.state(), events }
}

fn line(entry: &Entry, decoder: &Decoder) -> Line {
    let place = format!("partition {}, offset {}", entry.partition, entry.offset);
    let (event, by, place) = match &entry.place {
        Place::Topic(topic) => {
            (entry.record().to_owned(), entry.envelope.source.clone(), format!("{topic}, {place}"))
        }
        Place::DeadLetters(service) => {
            (format!("dead letter: {}", entry.record()), service.clone(), format!("{service}.dlq, {place}"))
        }
        Place::Parked(service) => {
            (format!("parked: {}", entry.record()), service.clone(), format!("{service}.parked, {place}"))
        }
        Place::Waiting(service) => {
            let event = match entry.note {
                Note::Waits => format!("waits: {}", entry.record()),
                Note::Settled(_) => "settled".to_owned(),
                Note::Discarded(_) => "discarded".to_owned(),
                Note::Buried(_) => "blocks".to_owned(),
            };
            (event, service.clone(), format!("{service}.waiting, {place}"))
        }
    };
    Line {
        // What is put aside carries its event's time; it was put aside when Kafka got it. One that is parked says when.
        time: match (&entry.place, &entry.parking) {
            (Place::Topic(_), _) => entry.envelope.time,
            (_, Some(parking)) => parking.at,
            (_, None) => entry.timestamp,
        },
        event,
        by,
        facts: facts::of(entry, decoder),
        id: match entry.note {
            Note::Waits => entry.envelope.id,
            Note::Settled(id) | Note::Discarded(id) | Note::Buried(id) => id,
        },
        cause: entry.envelope.causation_id,
        place,
    }
}

fn draw(timeline: &Timeline) -> Result<()> {
    if timeline.events.is_empty() {
        return print(format!("nothing is known of order {}", timeline.order_id));
    }
    let mut table = table(["time (UTC)", "event", "by", "facts"]);
    for line in &timeline.events {
        let time = line.time.strftime("%F %T%.3f").to_string();
        table.add_row([&time, &line.event, &line.by, &line.facts]);
    }
    print(format!("order {}: {}\n{table}", timeline.order_id, timeline.state))
}
