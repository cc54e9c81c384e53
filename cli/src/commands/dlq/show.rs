//! `orderflow dlq show`: one dead letter, decoded. Nothing secret is printed, nor what is sealed.

use anyhow::Result;
use clap::Args;
use orderflow_letters::{
    Letter, Standing, Which,
    shelf::{letters, one},
    values::{Decoded, Values},
};

use super::{group, standing, which};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq show payment 0:42
  orderflow dlq show payment 0:42 --json | jq .value.order.lines

Payment tokens and sealed data are never shown. Of a letter that was edited, the original value is shown beside it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Show {
    /// The service whose group gave it up.
    #[arg(value_parser = group)]
    group: String,
    /// Which: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(value_parser = which)]
    letter: Which,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self) -> Result<bool> {
        let access = self.connection.access()?;
        let letter = one(letters(&access, &self.group).await?, self.letter)?;
        let mut values = Values::new(access.registry.clone())?;
        if self.json {
            print_json(&values.shown(&letter).await?)?;
        } else {
            let decoded = values.decode(&letter).await?;
            draw(&letter, decoded)?;
        }
        Ok(true)
    }
}

fn draw(letter: &Letter, decoded: Result<Decoded, String>) -> Result<()> {
    let behind = match &letter.standing {
        Standing::Open => format!("{} behind it", letter.waiting),
        Standing::Parked(_) | Standing::Settled | Standing::Discarded => standing(letter),
    };
    print(format!("{} {} of {}: {behind}", letter.group, letter.spot, letter.key_text()))?;
    let first = letter.first_failed.map(|at| format!(", first at {at}")).unwrap_or_default();
    print(format!("{}: {} ({} attempts{first})\n", letter.code, letter.message, letter.attempts))?;
    for (name, value) in letter.headers() {
        print(format!("{name}: {value}"))?;
    }
    match decoded {
        Ok(decoded) => {
            let (name, id) = (decoded.name(), decoded.schema_id);
            print(format!("\n{name} (schema {id})\n{}", serde_json::to_string_pretty(&decoded.shown)?))
        }
        Err(why) => print(format!("\nthe value cannot be shown: {why}")),
    }
}
