//! `orderflow dlq park`: gives dead letters up for now.

use anyhow::Result;
use clap::Args;
use orderflow_letters::{
    Letter, Which,
    act::park,
    shelf::{chosen, letters},
};

use super::{group, which, who::Who};
use crate::{
    commands::{print, print_json},
    connection::Connection,
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
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Park {
    pub(super) async fn run(self) -> Result<bool> {
        let access = self.connection.access()?;
        let wanted = chosen(letters(&access, &self.group).await?, &self.letters, |_| false)?;
        let parked = park(&access, &self.group, wanted, &self.who.now()).await?;
        if self.json {
            print_json(&parked.iter().map(Letter::as_json).collect::<Vec<_>>())?;
        } else {
            parked.iter().try_for_each(print)?;
        }
        eprintln!("{} parked", parked.len());
        Ok(true)
    }
}
