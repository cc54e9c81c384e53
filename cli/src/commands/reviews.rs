//! `orderflow review`: orders held for review, and decisions about them.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{print, print_json, status::Status, table::table};

const LIST: &str = "\
Examples:
  orderflow review list
  orderflow review list --limit 200 --json";

const APPROVE: &str = "\
Example:
  orderflow review approve 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --reviewer ada --reason 'called the customer'";

const REJECT: &str = "\
Example:
  orderflow review reject 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --reviewer ada --reason 'a stolen card'";

/// Orders held for review.
#[derive(Debug, Subcommand)]
pub(super) enum Reviews {
    /// Those that wait, the next deadline first.
    #[command(after_help = LIST)]
    List(List),
    /// Lets an order go on. The first decision counts.
    #[command(after_help = APPROVE)]
    Approve(Decide),
    /// Refuses an order as fraud. The first decision counts.
    #[command(after_help = REJECT)]
    Reject(Decide),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    #[command(flatten)]
    status: Status,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Decide {
    /// The order's id.
    id: Uuid,
    /// Who decides; with a token, its subject does.
    #[arg(long)]
    reviewer: Option<String>,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    status: Status,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Reviews {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::List(list) => list.run().await,
            Self::Approve(decide) => decide.run("approve").await,
            Self::Reject(decide) => decide.run("reject").await,
        }
    }
}

impl List {
    async fn run(self) -> Result<bool> {
        let queue = self.status.get(&format!("/reviews?limit={}", self.limit)).await?;
        if self.json {
            print_json(&queue)?;
        } else {
            draw(&queue)?;
        }
        Ok(true)
    }
}

impl Decide {
    async fn run(self, decision: &str) -> Result<bool> {
        let mut body = json!({ "decision": decision, "reason": self.reason });
        if let Some(reviewer) = &self.reviewer {
            body["reviewer"] = json!(reviewer);
        }
        let answer = self.status.post(&format!("/reviews/{}", self.id), &body).await?;
        if self.json {
            print_json(&answer)?;
        } else {
            print(format!("{decision} of order {} requested", self.id))?;
        }
        Ok(true)
    }
}

fn draw(queue: &Value) -> Result<()> {
    let reviews = queue["reviews"].as_array().map(Vec::as_slice).unwrap_or_default();
    if reviews.is_empty() {
        return print("no order waits for review");
    }
    let mut table = table(["order", "review by (UTC)", "score", "total (minor)", "reasons", ""]);
    for review in reviews {
        table.add_row(row(review));
    }
    let more = if queue["next"].is_null() { "" } else { "\nthere are more: see --limit" };
    print(format!("{table}{more}"))
}

fn row(review: &Value) -> [String; 6] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reasons = review["reasons"].as_array().into_iter().flatten().map(|reason| text(&reason["code"]));
    let note = match (&review["decision"]["decision"], review["escalated"].as_bool()) {
        (Value::String(decision), _) => format!("{decision} is on its way"),
        (_, Some(true)) => "escalated".to_owned(),
        _ => String::new(),
    };
    [
        text(&review["order_id"]),
        text(&review["review_by"]),
        format!("{:.2}", review["score"].as_f64().unwrap_or_default()),
        format!("{} {}", review["total"], text(&review["currency"])),
        reasons.collect::<Vec<_>>().join(", "),
        note,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::row;

    #[test]
    fn a_row_says_how_urgent_it_is() {
        let mut review = json!({
            "order_id": "o1", "review_by": "2026-11-21T12:30:00Z", "score": 0.456, "total": 2580, "currency": "EUR",
            "reasons": [{"code": "new_account"}, {"code": "velocity"}], "escalated": true, "decision": null,
        });
        let expected =
            ["o1", "2026-11-21T12:30:00Z", "0.46", "2580 EUR", "new_account, velocity", "escalated"];
        assert_eq!(row(&review), expected);
        review["decision"] = json!({"decision": "approve", "reviewer": "ada"});
        assert_eq!(row(&review)[5], "approve is on its way");
    }
}
