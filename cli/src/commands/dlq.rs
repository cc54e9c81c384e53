//! `orderflow dlq`: what services could not handle, giving it up for now, and having it handled again.

mod letters;
mod park;
mod post;
mod redrive;
mod show;

use std::fmt;

use anyhow::Result;
use clap::{Args, Subcommand};
use orderflow::{runtime::waiting::parked::Parking, topics::GroupTopics};
use serde_json::{Value, json};

use self::letters::{Letter, Spot, Standing, Which, letters};
use super::{print, print_json, table::table};
use crate::{connection::Connection, log::groups};

const LIST: &str = "\
Examples:
  orderflow dlq list
  orderflow dlq list --group payment --json
  orderflow dlq list --parked
  orderflow dlq list --settled

Whatever is listed blocks the later records of its order in that group, until it is redriven; so does what is parked.";

/// Dead letters: records as they came, with the reason why they could not be handled.
#[derive(Debug, Subcommand)]
pub(super) enum Dlq {
    /// The dead letters nobody has dealt with or parked yet, and how many records wait behind each.
    #[command(after_help = LIST)]
    List(List),
    /// One dead letter, decoded as far as it can be.
    Show(show::Show),
    /// Gives dead letters up for now. What waits behind them goes on waiting.
    Park(park::Park),
    /// Has a group handle dead letters again; what waits behind them follows in order.
    Redrive(redrive::Redrive),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only of this service's group [default: of all].
    #[arg(long, value_parser = group)]
    group: Option<String>,
    /// Those that are parked, instead.
    #[arg(long)]
    parked: bool,
    /// Those that have been dealt with, too.
    #[arg(long)]
    settled: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Dlq {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
            Self::Park(park) => park.run().await,
            Self::Redrive(redrive) => redrive.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<bool> {
        let groups = match &self.group {
            Some(group) => vec![group.clone()],
            None => groups()?,
        };
        let mut found = Vec::new();
        for group in groups {
            found.extend(letters(&self.connection, &group).await?);
        }
        found.retain(|letter| self.shows(&letter.standing));
        if self.json {
            print_json(&found.iter().map(as_json).collect::<Vec<_>>())?;
        } else if found.is_empty() {
            print("no dead letters")?;
        } else {
            print(draw(&found))?;
        }
        Ok(true)
    }

    fn shows(&self, standing: &Standing) -> bool {
        match standing {
            Standing::Open => !self.parked,
            Standing::Parked(_) => self.parked,
            Standing::Settled => self.settled,
        }
    }
}

/// In one line.
impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {} ({})", self.spot, self.record, self.key_text(), self.code)
    }
}

fn draw(letters: &[Letter]) -> comfy_table::Table {
    let mut table =
        table(["group", "place", "given up (UTC)", "record", "key", "code", "attempts", "behind it"]);
    for letter in letters {
        let behind = match &letter.standing {
            Standing::Open => letter.waiting.to_string(),
            Standing::Parked(parking) => {
                format!("{}; parked by {}: {}", letter.waiting, parking.by, parking.reason)
            }
            Standing::Settled => "settled".to_owned(),
        };
        table.add_row([
            &letter.group,
            &letter.spot.to_string(),
            &letter.time.strftime("%F %T").to_string(),
            &letter.record,
            &letter.key_text(),
            &letter.code,
            &letter.attempts.to_string(),
            &behind,
        ]);
    }
    table
}

fn as_json(letter: &Letter) -> serde_json::Value {
    json!({
        "group": letter.group,
        "place": letter.spot.to_string(),
        "time": letter.time,
        "id": letter.id,
        "record": letter.record,
        "key": letter.key_text(),
        "from": letter.origin.map(|origin| {
            json!({ "topic": origin.topic.name(), "partition": origin.partition, "offset": origin.offset })
        }),
        "code": letter.code,
        "message": letter.message,
        "attempts": letter.attempts,
        "settled": letter.standing == Standing::Settled,
        "parked": match &letter.standing {
            Standing::Parked(Parking { by, reason, at, .. }) => json!({ "by": by, "reason": reason, "at": at }),
            Standing::Open | Standing::Settled => Value::Null,
        },
        "waiting": letter.waiting,
    })
}

/// A service that has a group.
fn group(name: &str) -> Result<String, String> {
    match GroupTopics::of(name) {
        Some(_) => Ok(name.to_owned()),
        None => Err(format!("`{name}` is no service with a group of its own, such as payment")),
    }
}

/// `PARTITION:OFFSET`, or an event's id.
fn which(text: &str) -> Result<Which, String> {
    let spot = || {
        let (partition, offset) = text.split_once(':')?;
        Some(Spot { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
    };
    let event = || text.parse().ok().map(Which::Event);
    let parsed = spot().map(Which::At).or_else(event);
    parsed.ok_or_else(|| format!("`{text}` is neither PARTITION:OFFSET, such as 0:42, nor an event's id"))
}
