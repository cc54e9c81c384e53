//! `orderflow dlq edit`: has a group handle a dead letter again with a changed value.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use orderflow_letters::{
    Access, Letter, Which,
    act::edit,
    edit::{Changed, change, replace, set},
    shelf::{letters, one},
    values::Values,
};
use rdkafka::Message;
use serde_json::{Value, json};

use super::{group, which, who::Who};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq edit inventory 0:42 --by ada --reason 'the shop sent a quantity of zero'
  orderflow dlq edit inventory 0:42 --set order.lines.0.quantity=1 --by ada --reason 'as the customer says'
  orderflow dlq edit inventory 0:42 --from corrected.json --by ada --reason 'as the customer says' --dry-run

Without --set or --from the value is opened as JSON in $EDITOR. It is held against the schema it was written with; its key
and what is not shown (payment tokens, sealed data) stay as they are. A value that cannot be read is replaced as a whole, with
--from. The group then handles it as another event, with the original as its cause, and goes on with what waits behind it. The
original stays on the dead-letter topic and goes along in a header; `audit` hears who has changed which fields.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Edit {
    /// The service whose group could not handle it.
    #[arg(value_parser = group)]
    group: String,
    /// Which dead letter, parked or not: PARTITION:OFFSET on that group's dead-letter topic, or the event's id.
    #[arg(value_parser = which)]
    letter: Which,
    /// PATH=VALUE, such as order.lines.0.quantity=1. May be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<String>,
    /// The whole value as JSON, from a file.
    #[arg(long, conflicts_with = "assignments", value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
    /// Only say what would change, and whether it fits.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Edit {
    pub(super) async fn run(self) -> Result<bool> {
        let access = self.connection.access()?;
        let letter = one(letters(&access, &self.group).await?, self.letter)?;
        let changed = self.changed(&access, &letter).await?;
        if self.dry_run {
            return self.report(&letter, None, &changed.fields);
        }
        let edited = edit(&access, letter, changed, &self.who.clone().now()).await?;
        self.report(&edited.letter, Some(edited.id), &edited.fields)
    }

    async fn changed(&self, access: &Access, letter: &Letter) -> Result<Changed> {
        let mut values = Values::new(access.registry.clone())?;
        let from = self.from.as_deref().map(read).transpose()?;
        match (values.decode(letter).await?, from) {
            (Ok(decoded), Some(wanted)) => change(&decoded, &wanted, &letter.key_text()),
            (Ok(decoded), None) => {
                let wanted = self.wanted(decoded.shown.clone())?;
                change(&decoded, &wanted, &letter.key_text())
            }
            (Err(_), Some(wanted)) => {
                let known = values.schema_of(letter.raw.payload()).await?;
                let (id, schema) =
                    known.map_err(|why| anyhow!("it has no schema to be held against: {why}"))?;
                replace(id, &schema, &wanted)
            }
            (Err(why), None) => bail!("the value cannot be read ({why}): give all of it with --from"),
        }
    }

    /// As the assignments say; without any, as a person says in an editor.
    fn wanted(&self, mut value: Value) -> Result<Value> {
        if self.assignments.is_empty() {
            return by_hand(&value);
        }
        self.assignments.iter().try_for_each(|one| set(&mut value, one))?;
        Ok(value)
    }

    fn report(&self, letter: &Letter, id: Option<uuid::Uuid>, fields: &[String]) -> Result<bool> {
        if self.json {
            let mut told = letter.as_json();
            told["edited_id"] = json!(id);
            told["fields"] = json!(fields);
            print_json(&told)?;
        } else {
            print(format!("{letter}: {}", fields.join(", ")))?;
        }
        eprintln!("{}", if self.dry_run { "would be handled so" } else { "is handled so" });
        Ok(true)
    }
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

/// Opens a value in the editor of whoever is there.
fn by_hand(value: &Value) -> Result<Value> {
    let editor = std::env::var("EDITOR").context("$EDITOR is not set: use --set or --from")?;
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().context("no file can be made")?;
    writeln!(file, "{}", serde_json::to_string_pretty(value)?)?;
    // As a shell takes it: it may have options.
    let status =
        Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file.path()).status();
    let status = status.with_context(|| format!("{editor} cannot be started"))?;
    if !status.success() {
        bail!("{editor} ended with {status}: nothing is changed");
    }
    read(file.path())
}
