//! `orderflow notifications`: who is told what becomes of orders.

mod desk;
mod replay;

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{print, print_json, table::table};
use desk::Desk;

const SUBSCRIBE: &str = "\
Examples:
  orderflow notifications subscribe --url https://shop.example/hooks --event order.paid --event order.fulfilled
  orderflow notifications subscribe --url https://erp.example/hooks --event '*' --description 'the back office'
  orderflow notifications subscribe --email --event order.accepted --event order.fulfilled

The signing secret of a webhook is shown once. Keep it; `rotate` makes another.";

const LIST: &str = "\
Examples:
  orderflow notifications list
  orderflow notifications list --json";

const SHOW: &str = "\
Example:
  orderflow notifications show 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10";

const DISABLE: &str = "\
Example:
  orderflow notifications disable 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10";

const ENABLE: &str = "\
Example, and then what was not told meanwhile:
  orderflow notifications enable 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10
  orderflow notifications replay --subscription 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10";

const ROTATE: &str = "\
Example:
  orderflow notifications rotate 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10";

const TEST: &str = "\
Example:
  orderflow notifications test 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10";

const DELETE: &str = "\
Example:
  orderflow notifications delete 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10";

/// Who is told what becomes of orders.
#[derive(Debug, Subcommand)]
pub(super) enum Notifications {
    /// Has an endpoint, or each customer by e-mail, told of events.
    #[command(after_help = SUBSCRIBE)]
    Subscribe(Subscribe),
    /// All subscriptions.
    #[command(after_help = LIST)]
    List(List),
    /// One, and what waits for it.
    #[command(after_help = SHOW)]
    Show(One),
    /// Has it told nothing more, until it is enabled; what happens meanwhile is not for it.
    #[command(after_help = DISABLE)]
    Disable(One),
    /// Has it told again, also after its endpoint had failed for too long.
    #[command(after_help = ENABLE)]
    Enable(One),
    /// Gives it another signing secret; the one before signs beside it for a while.
    #[command(after_help = ROTATE)]
    Rotate(One),
    /// Sends it something of no meaning.
    #[command(after_help = TEST)]
    Test(One),
    /// Ends it.
    #[command(after_help = DELETE)]
    Delete(One),
    /// Has it told again what was not told, or everything of a time range.
    Replay(Box<replay::Replay>),
}

#[derive(Debug, Args)]
pub(super) struct Subscribe {
    /// Where webhooks go: https, on the public internet.
    #[arg(long, conflicts_with = "email", required_unless_present = "email")]
    url: Option<String>,
    /// Writes to the customer of each order.
    #[arg(long)]
    email: bool,
    /// What is told, such as `order.fulfilled`; `*` stands for everything.
    #[arg(long = "event", required = true)]
    events: Vec<String>,
    /// What it is for.
    #[arg(long, default_value = "")]
    description: String,
    #[command(flatten)]
    desk: Desk,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    desk: Desk,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The subscription's id.
    id: Uuid,
    #[command(flatten)]
    desk: Desk,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Notifications {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::Subscribe(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Show(one) => one.run(Method::GET, "").await,
            Self::Disable(one) => one.run(Method::POST, "/disable").await,
            Self::Enable(one) => one.run(Method::POST, "/enable").await,
            Self::Rotate(one) => one.run(Method::POST, "/rotate").await,
            Self::Test(one) => one.run(Method::POST, "/test").await,
            Self::Delete(one) => one.run(Method::DELETE, "").await,
            Self::Replay(replay) => replay.run().await,
        }
    }
}

impl Subscribe {
    async fn run(self) -> Result<bool> {
        let mut body = json!({ "events": self.events, "description": self.description });
        match self.url {
            Some(url) => body["url"] = json!(url),
            None => body["channel"] = json!("email"),
        }
        let answer = self.desk.ask(Method::POST, "/subscriptions", Some(&body)).await?;
        tell(&answer, self.json)
    }
}

impl List {
    async fn run(self) -> Result<bool> {
        let answer = self.desk.ask(Method::GET, "/subscriptions", None).await?;
        if self.json {
            print_json(&answer)?;
            return Ok(true);
        }
        let mut table = table(["subscription", "status", "to", "events", "description"]);
        for one in answer["subscriptions"].as_array().into_iter().flatten() {
            table.add_row(row(one));
        }
        print(table)?;
        Ok(true)
    }
}

impl One {
    async fn run(self, method: Method, path: &str) -> Result<bool> {
        let path = format!("/subscriptions/{}{path}", self.id);
        let answer = self.desk.ask(method, &path, None).await?;
        tell(&answer, self.json)
    }
}

/// Tells an answer: for people one line for each thing that is known.
fn tell(answer: &Value, as_json: bool) -> Result<bool> {
    if as_json {
        print_json(answer)?;
    } else {
        for (name, value) in answer.as_object().into_iter().flatten() {
            print(format!("{name:<12} {}", shown(value)))?;
        }
    }
    Ok(true)
}

fn row(one: &Value) -> [String; 5] {
    let to = if one["url"].is_null() { "e-mail".to_owned() } else { shown(&one["url"]) };
    [shown(&one["id"]), shown(&one["status"]), to, shown(&one["events"]), shown(&one["description"])]
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_where_to_and_what_of() {
        let one = json!({ "id": "s1", "status": "enabled", "url": null, "events": ["order.paid", "*"], "description": "" });
        assert_eq!(row(&one), ["s1", "enabled", "e-mail", "order.paid, *", ""]);
    }
}
