//! `orderflow dlq park`: gives dead letters up for now.

use std::{collections::HashSet, sync::Arc};

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use orderflow::{
    catalogue::OPERATOR,
    clock::Clock,
    envelope::ids,
    events::{DeadLetterParked, Record},
    runtime::{Publisher, Root, contract, waiting::parked::Parking},
    topics::{AUDIT, GroupTopics},
    trace::TraceContext,
};
use rdkafka::Message;
use uuid::Uuid;

use super::{
    as_json, group,
    letters::{Letter, Spot, Standing, Which, chosen, letters},
    post::Post,
    which,
};
use crate::{
    commands::{print, print_json, words::words},
    connection::Connection,
    log::read,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq park payment 0:42 --by support-7 --reason 'incident 2025-31: the gateway answers on Monday'
  orderflow dlq list --parked
  orderflow dlq redrive payment 0:42

Copies key, bytes and headers to <group>.parked, with who, when and why; `audit` hears of it. The letter leaves `dlq list`,
keeps its place as its name, and goes on blocking the later records of its order, which rests Parked, until it is
redriven. It is kept no longer than it would have been as a dead letter. A repeat changes nothing, and finishes what was
cut off.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Park {
    /// The service whose group could not handle them.
    #[arg(value_parser = group)]
    group: String,
    /// Which dead letters: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(value_parser = which, required = true, value_name = "LETTER")]
    letters: Vec<Which>,
    /// Who parks them, for `audit`.
    #[arg(long, value_parser = words)]
    by: String,
    /// Why, for `audit`: nothing personal, since it stays.
    #[arg(long, value_parser = words)]
    reason: String,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Park {
    pub(super) async fn run(self) -> Result<bool> {
        let found = letters(&self.connection, &self.group).await?;
        let mut wanted = chosen(found, &self.letters, |_| false)?;
        wanted.retain(|letter| letter.standing != Standing::Settled);
        // Before the first effect: without its schema nobody could be told.
        let audit = Audit::open(&self.connection).await?;
        let topics = GroupTopics::of(&self.group).context("there is no such group")?;
        let post = Post::to(topics.parked, &self.connection)?;
        let at = Clock::system().now();
        for letter in &mut wanted {
            // What a run that was cut off has written counts, in its own words.
            let parking = match &letter.standing {
                Standing::Parked(parking) => parking.clone(),
                Standing::Open | Standing::Settled => {
                    let parking = self.parking(letter, at);
                    let headers = letter.raw.headers().cloned().unwrap_or_default();
                    // Kept as long as the letter: the state its event will need lives no longer for its being parked.
                    let time = letter.raw.timestamp().to_millis();
                    post.send(letter, parking.stamp(headers), time).await?;
                    parking
                }
            };
            audit.note(letter, &parking).await?;
            letter.standing = Standing::Parked(parking);
        }
        if self.json {
            print_json(&wanted.iter().map(as_json).collect::<Vec<_>>())?;
        } else {
            wanted.iter().try_for_each(print)?;
        }
        eprintln!("{} parked", wanted.len());
        Ok(true)
    }

    fn parking(&self, letter: &Letter, at: Timestamp) -> Parking {
        let Spot { partition, offset } = letter.spot;
        Parking { partition, offset, by: self.by.clone(), reason: self.reason.clone(), at }
    }
}

/// Tells `audit` what was parked, each once.
struct Audit {
    publisher: Publisher,
    noted: HashSet<Uuid>,
}

impl Audit {
    async fn open(connection: &Connection) -> Result<Self> {
        let (registry, names, config) =
            (connection.registry()?, connection.names(), connection.kafka_config());
        let writes = [(AUDIT, DeadLetterParked::NAME.to_owned())];
        let codec = contract::resolve(&registry, &names, &[], &writes).await?;
        let noted = read(&config, &names, &[AUDIT], false).await?;
        let noted = noted.into_iter().map(|entry| entry.envelope.id).collect();
        Ok(Self { publisher: Publisher::new(config, Arc::new(codec), names)?, noted })
    }

    async fn note(&self, letter: &Letter, parking: &Parking) -> Result<()> {
        let Parking { by, reason, at, .. } = parking;
        // Of what was parked, not of this run: the same when it is finished by another.
        let (event, place) = (letter.id.to_string(), letter.spot.to_string());
        let id = ids::from_parts(&[&letter.group, "parked", &event, &place, by, reason, &at.to_string()]);
        if self.noted.contains(&id) {
            return Ok(());
        }
        let event = DeadLetterParked {
            service: letter.group.clone(),
            event_id: letter.id,
            event_type: letter.record.clone(),
            event_key: letter.key_text(),
            code: letter.code.clone(),
            parked_by: by.clone(),
            reason: reason.clone(),
            parked_at: *at,
        };
        let root = Root {
            id,
            source: OPERATOR.to_owned(),
            correlation_id: id.to_string(),
            trace: TraceContext::root(),
        };
        let sent = self.publisher.send(&self.publisher.prepare(&event, root)?).await;
        sent.map(drop).with_context(|| format!("{place} is parked, but audit was not told: run it again"))
    }
}
