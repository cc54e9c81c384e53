//! `orderflow dlq redrive`: has a group handle dead letters again.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use orderflow::{runtime::original, topics::GroupTopics};
use rdkafka::{
    Message,
    producer::{FutureProducer, FutureRecord},
};
use uuid::Uuid;

use super::{Letter, Spot, as_json, group, letters, spot};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq redrive payment 0:42 0:43
  orderflow dlq redrive payment --all --dry-run
  orderflow dlq redrive payment --all

Writes key, bytes and original headers to <group>.retry, which that group alone reads. What fails again is a dead letter
again. Repeating it is harmless: what has been answered since is left out.";

/// How long the broker may take to acknowledge a record.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Redrive {
    /// The service whose group is to try again.
    #[arg(value_parser = group)]
    group: String,
    /// Which dead letters: PARTITION:OFFSET on that group's dead-letter topic.
    #[arg(value_parser = spot, required_unless_present = "all", conflicts_with = "all")]
    places: Vec<Spot>,
    /// All that nobody has dealt with yet.
    #[arg(long)]
    all: bool,
    /// Only say which they are.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Redrive {
    pub(super) async fn run(self) -> Result<bool> {
        let mut wanted = self.wanted(letters(&self.connection, &self.group).await?)?;
        wanted.retain(|letter| !letter.settled);
        if !self.dry_run {
            self.send(&wanted).await?;
        }
        if self.json {
            print_json(&wanted.iter().map(as_json).collect::<Vec<_>>())?;
        } else {
            wanted.iter().try_for_each(|letter| {
                print(format!("{} {} of {} ({})", letter.spot, letter.record, letter.key_text(), letter.code))
            })?;
        }
        let done = if self.dry_run { "would be redriven" } else { "redriven" };
        eprintln!("{} {done}", wanted.len());
        Ok(true)
    }

    /// Those that are asked for, each event once: of one that was given up again, the newest letter.
    fn wanted(&self, found: Vec<Letter>) -> Result<Vec<Letter>> {
        let missing = self.places.iter().find(|place| !found.iter().any(|letter| letter.spot == **place));
        if let Some(place) = missing {
            bail!("there is no dead letter of {} at {place}", self.group);
        }
        let asked = |letter: &Letter| self.all || self.places.contains(&letter.spot);
        let mut by_id: BTreeMap<Uuid, Letter> = BTreeMap::new();
        for letter in found.into_iter().filter(asked) {
            by_id.insert(letter.id, letter);
        }
        let mut wanted: Vec<Letter> = by_id.into_values().collect();
        wanted.sort_by_key(|letter| (letter.spot.partition, letter.spot.offset));
        Ok(wanted)
    }

    async fn send(&self, letters: &[Letter]) -> Result<()> {
        let retry = GroupTopics::of(&self.group).context("there is no such group")?.retry;
        let topic = self.connection.names().topic(retry);
        let mut config = self.connection.kafka_config();
        // A key goes to the partition whose holder may let its successors go.
        config.set("enable.idempotence", "true").set("acks", "all").set("partitioner", "murmur2_random");
        let producer: FutureProducer = config.create().context("cannot make a Kafka producer")?;
        for letter in letters {
            let headers = original::for_retry(letter.raw.headers());
            let mut record: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(&topic).headers(headers);
            record.key = letter.raw.key();
            record.payload = letter.raw.payload();
            let sent = producer.send(record, PATIENCE).await;
            sent.map_err(|(error, _)| anyhow!("{} was not accepted: {error}", letter.spot))?;
        }
        Ok(())
    }
}
