//! `orderflow dlq`: what services could not handle, giving it up for now or for good, changing it, and having it handled
//! again. What it does is in `orderflow_letters`: order-status does the same over HTTP.

mod discard;
mod edit;
mod foreign;
mod list;
mod park;
mod redrive;
mod search;
mod show;
mod stats;
mod who;

use anyhow::Result;
use clap::Subcommand;
use orderflow::{clock::Clock, topics::GroupTopics};
use orderflow_letters::{
    Access, Filter, Letter, Standing, Which, access::groups, shelf::letters, values::Values,
};

use super::table::table;
use crate::connection::Connection;

/// Dead letters: records as they came, with the reason why they could not be handled. The guide is docs/dead-letters.md.
#[derive(Debug, Subcommand)]
pub(super) enum Dlq {
    /// The dead letters nobody has dealt with or parked yet, and how many records wait behind each.
    List(list::List),
    /// One dead letter, decoded as far as it can be.
    Show(show::Show),
    /// The dead letters in which a text stands.
    Search(search::Search),
    /// How many there are by group, topic and code, and how old the oldest is.
    Stats(stats::Stats),
    /// Gives dead letters up for now. What waits behind them goes on waiting.
    Park(park::Park),
    /// Has a group handle dead letters again; what waits behind them follows in order.
    Redrive(redrive::Redrive),
    /// Has a group handle a dead letter again with a changed value.
    Edit(edit::Edit),
    /// Gives dead letters up for good; what waits behind them goes on.
    Discard(discard::Discard),
}

impl Dlq {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
            Self::Search(search) => search.run().await,
            Self::Stats(stats) => stats.run().await,
            Self::Park(park) => park.run().await,
            Self::Redrive(redrive) => redrive.run().await,
            Self::Edit(edit) => edit.run().await,
            Self::Discard(discard) => discard.run().await,
        }
    }
}

impl Connection {
    /// The same for dead letters.
    pub(super) fn access(&self) -> Result<Access> {
        Ok(Access { config: self.kafka_config(), names: self.names(), registry: self.registry()? })
    }
}

/// The dead letters of a group, or of all, that a filter holds for.
async fn found(access: &Access, group: Option<&str>, filter: &Filter) -> Result<Vec<Letter>> {
    let groups = match group {
        Some(group) => vec![group.to_owned()],
        None => groups()?,
    };
    let mut all = Vec::new();
    for group in groups {
        all.extend(letters(access, &group).await?);
    }
    filter.of(all, &mut Values::new(access.registry.clone())?, Clock::system().now()).await
}

fn draw(letters: &[Letter]) -> comfy_table::Table {
    let mut table =
        table(["group", "place", "given up (UTC)", "record", "key", "code", "attempts", "behind it"]);
    for letter in letters {
        table.add_row([
            &letter.group,
            &letter.spot.to_string(),
            &letter.time.strftime("%F %T").to_string(),
            &letter.record,
            &letter.key_text(),
            &letter.code,
            &letter.attempts.to_string(),
            &standing(letter),
        ]);
    }
    table
}

/// What has become of a letter, and of what waits behind it, in words.
fn standing(letter: &Letter) -> String {
    match &letter.standing {
        Standing::Open => letter.waiting.to_string(),
        Standing::Parked(parking) => {
            format!("{}; parked by {}: {}", letter.waiting, parking.by, parking.reason)
        }
        Standing::Settled => "settled".to_owned(),
        Standing::Discarded => "discarded".to_owned(),
    }
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
    Which::parse(text)
}
