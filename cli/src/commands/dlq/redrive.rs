//! `orderflow dlq redrive`: has a group handle dead letters again.

use anyhow::{Context, Result};
use clap::Args;
use orderflow::{runtime::original, topics::GroupTopics};
use rdkafka::Message;

use super::{
    as_json, group,
    letters::{Letter, Standing, Which, chosen, letters},
    post::Post,
    which,
};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq redrive payment 0:42 0:43
  orderflow dlq redrive payment 5b0c1a52-7d0e-5f6e-9c5d-3a1f0e6b7c8d
  orderflow dlq redrive payment --all --dry-run
  orderflow dlq redrive payment --parked

Writes key, bytes and original headers to <group>.retry, which that group alone reads. What fails again is a dead letter
again. Repeating it is harmless: what has been answered since is left out.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Redrive {
    /// The service whose group is to try again.
    #[arg(value_parser = group)]
    group: String,
    /// Which dead letters, parked or not: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(
        value_parser = which,
        required_unless_present_any = ["all", "parked"],
        conflicts_with_all = ["all", "parked"],
        value_name = "LETTER"
    )]
    letters: Vec<Which>,
    /// All that nobody has dealt with yet; not those that are parked.
    #[arg(long)]
    all: bool,
    /// All that are parked.
    #[arg(long)]
    parked: bool,
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
        let found = letters(&self.connection, &self.group).await?;
        let mut wanted = chosen(found, &self.letters, |letter| self.is_one_of_all(letter))?;
        wanted.retain(|letter| letter.standing != Standing::Settled);
        if !self.dry_run {
            self.send(&wanted).await?;
        }
        if self.json {
            print_json(&wanted.iter().map(as_json).collect::<Vec<_>>())?;
        } else {
            wanted.iter().try_for_each(print)?;
        }
        let done = if self.dry_run { "would be redriven" } else { "redriven" };
        eprintln!("{} {done}", wanted.len());
        Ok(true)
    }

    fn is_one_of_all(&self, letter: &Letter) -> bool {
        match letter.standing {
            Standing::Open => self.all,
            Standing::Parked(_) => self.parked,
            Standing::Settled => false,
        }
    }

    async fn send(&self, letters: &[Letter]) -> Result<()> {
        let retry = GroupTopics::of(&self.group).context("there is no such group")?.retry;
        let post = Post::to(retry, &self.connection)?;
        for letter in letters {
            post.send(letter, original::for_retry(letter.raw.headers()), None).await?;
        }
        Ok(())
    }
}
