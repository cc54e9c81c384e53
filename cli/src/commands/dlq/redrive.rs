//! `orderflow dlq redrive`: has a group handle dead letters again.

use anyhow::{Result, ensure};
use clap::Args;
use orderflow::clock::Clock;
use orderflow_letters::{
    Access, Filter, Letter, Standing, Which,
    act::{By, Done, Pace, RETURNS, redrive},
    shelf::{chosen, letters},
    values::Values,
};
use serde_json::Value;

use super::{group, which};
use crate::{
    commands::{print, print_json, words::words},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq redrive payment 0:42 0:43
  orderflow dlq redrive payment 5b0c1a52-7d0e-5f6e-9c5d-3a1f0e6b7c8d
  orderflow dlq redrive payment --all --dry-run
  orderflow dlq redrive payment --all --code gateway_timeout --older 10m --max 1000 --rate 50
  orderflow dlq redrive payment --where order.currency=EUR --by ada --reason 'incident 2025-31 is over'
  orderflow dlq redrive payment --parked

Writes key, bytes and original headers to <group>.retry, which that group alone reads, oldest first; `audit` hears of each
before. What fails again is a dead letter again. Repeating it is harmless: what has been answered since is left out. What has
come back --returns times already is parked instead.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Redrive {
    /// The service whose group is to try again.
    #[arg(value_parser = group)]
    group: String,
    /// Which dead letters, parked or not: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(value_parser = which, conflicts_with_all = ["all", "parked"], value_name = "LETTER")]
    letters: Vec<Which>,
    /// All that nobody has dealt with yet; not those that are parked.
    #[arg(long)]
    all: bool,
    /// All that are parked.
    #[arg(long)]
    parked: bool,
    #[command(flatten)]
    filter: Filter,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Letters a second [default: as quickly as Kafka takes them].
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// At most so many, the oldest.
    #[arg(long)]
    max: Option<usize>,
    /// How often a record may come back: one that has done so is parked.
    #[arg(long, default_value_t = RETURNS)]
    returns: u32,
    /// Who does it, for `audit`.
    #[arg(long, env = "ORDERFLOW_OPERATOR", default_value = "unnamed", value_parser = words)]
    by: String,
    /// Why, for `audit`: nothing personal, since it stays.
    #[arg(long, default_value = "none given", value_parser = words)]
    reason: String,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Redrive {
    pub(super) async fn run(self) -> Result<bool> {
        let some = self.all || self.parked || !self.letters.is_empty() || !self.filter.is_empty();
        ensure!(some, "say which: their places, --all, --parked, or a filter");
        let access = self.connection.access()?;
        let wanted = self.wanted(&access).await?;
        let now = Clock::system().now();
        let by = By { name: self.by.clone(), reason: self.reason.clone(), at: now };
        let pace = Pace { rate: self.rate, max: self.max, returns: self.returns };
        let done = redrive(&access, &self.group, wanted, pace, &by, self.dry_run).await?;
        self.report(&done)?;
        Ok(true)
    }

    async fn wanted(&self, access: &Access) -> Result<Vec<Letter>> {
        let found = letters(access, &self.group).await?;
        let chosen = chosen(found, &self.letters, |letter| self.is_one_of_all(letter))?;
        self.filter.of(chosen, &mut Values::new(access.registry.clone())?, Clock::system().now()).await
    }

    fn is_one_of_all(&self, letter: &Letter) -> bool {
        match letter.standing {
            Standing::Open => self.letters.is_empty() && (self.all || !self.parked),
            Standing::Parked(_) => self.parked,
            Standing::Settled | Standing::Discarded => false,
        }
    }

    fn report(&self, done: &[(Letter, Done)]) -> Result<()> {
        if self.json {
            let all: Vec<Value> = done.iter().map(|(letter, done)| told(letter, *done)).collect();
            print_json(&all)?;
        } else {
            let line = |(letter, done): &(Letter, Done)| match done {
                Done::Redriven => print(letter),
                Done::Parked | Done::LeftParked => {
                    print(format!("{letter}: parked, it has come back {} times", letter.returns))
                }
            };
            done.iter().try_for_each(line)?;
        }
        let redriven = done.iter().filter(|(_, done)| *done == Done::Redriven).count();
        let words = if self.dry_run { "would be redriven" } else { "redriven" };
        eprintln!("{redriven} {words}, {} parked", done.len() - redriven);
        Ok(())
    }
}

fn told(letter: &Letter, done: Done) -> Value {
    let mut told = letter.as_json();
    told["done"] = done.name().into();
    told
}

/// A number of letters a second.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.01);
    rate.ok_or_else(|| format!("`{text}` is not at least 0.01 letters a second"))
}
