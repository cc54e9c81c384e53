//! `orderflow dlq discard`: gives dead letters up for good.

use anyhow::Result;
use clap::Args;
use orderflow_letters::{
    Letter, Which,
    act::discard,
    shelf::{chosen, letters},
};

use super::{group, which, who::Who};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq discard recommendation 0:42 --by support-7 --reason 'a test record of another system'
  orderflow dlq discard payment 5b0c1a52-7d0e-5f6e-9c5d-3a1f0e6b7c8d --by ada --reason 'given back by hand' --dry-run

The group notes that nobody will handle the letter, and goes on with what waits behind it; `audit` hears of it before. This
cannot be taken back. The letter's order rests as Parked, unless what waited, or another of its events, ends it. What keeps
money or stock from whom it belongs to (a payment of reserved stock, a refund, a release, the parcel of a paid order) is
refused: redrive or edit it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Discard {
    /// The service whose group could not handle them.
    #[arg(value_parser = group)]
    group: String,
    /// Which dead letters, parked or not: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(value_parser = which, required = true, value_name = "LETTER")]
    letters: Vec<Which>,
    #[command(flatten)]
    who: Who,
    /// Only say which they are, and whether they may be.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Discard {
    pub(super) async fn run(self) -> Result<bool> {
        let access = self.connection.access()?;
        let wanted = chosen(letters(&access, &self.group).await?, &self.letters, |_| false)?;
        let discarded = discard(&access, &self.group, wanted, &self.who.now(), self.dry_run).await?;
        if self.json {
            print_json(&discarded.iter().map(Letter::as_json).collect::<Vec<_>>())?;
        } else {
            discarded.iter().try_for_each(print)?;
        }
        let done = if self.dry_run { "would be discarded" } else { "discarded" };
        eprintln!("{} {done}", discarded.len());
        Ok(true)
    }
}
