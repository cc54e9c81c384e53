//! `orderflow label`: what was learned later of orders: that they were fraud, or that they were honest.

mod file;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{print, print_json, status::Status};

const FRAUD: &str = "\
Example:
  orderflow label fraud 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --source chargeback --by ada --reason 'the bank took it back'

The next order of the same customer, card or device is held for a person to review.";

const HONEST: &str = "\
Example:
  orderflow label honest 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --source analyst --by ada --reason 'called the customer'

Of several labels of an order the newest counts: this corrects one that was wrong.";

/// What was learned later of orders. Of several labels of an order the newest counts.
#[derive(Debug, Subcommand)]
pub(super) enum Labels {
    /// Says that an order was fraud.
    #[command(after_help = FRAUD)]
    Fraud(Label),
    /// Says that an order was honest.
    #[command(after_help = HONEST)]
    Honest(Label),
    /// Passes on all labels of a file.
    File(file::File),
}

#[derive(Debug, Args)]
pub(super) struct Label {
    /// The order's id.
    id: Uuid,
    /// How it is known.
    #[arg(long, value_enum)]
    source: Source,
    /// Who says so; with a token, its subject does.
    #[arg(long)]
    by: Option<String>,
    /// Why.
    #[arg(long)]
    reason: String,
    /// When it was learned [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    #[command(flatten)]
    status: Status,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What is said of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    order: Uuid,
    fraud: bool,
    source: Source,
    reason: String,
    /// When it was learned, where that is not now.
    at: Option<Timestamp>,
}

/// How it is known what an order was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    /// The customer's bank took the money back.
    Chargeback,
    /// Somebody of the shop has looked into it.
    Analyst,
    /// The customer says so.
    Customer,
}

impl Source {
    /// As the record has it.
    fn name(self) -> &'static str {
        match self {
            Self::Chargeback => "chargeback",
            Self::Analyst => "analyst",
            Self::Customer => "customer",
        }
    }
}

impl Labels {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::Fraud(label) => label.run(true).await,
            Self::Honest(label) => label.run(false).await,
            Self::File(file) => file.run().await,
        }
    }
}

impl Label {
    async fn run(self, fraud: bool) -> Result<bool> {
        let Self { id: order, source, ref reason, at, .. } = self;
        let said = Said { order, fraud, source, reason: reason.clone(), at };
        let answer = said.post(&self.status, self.by.as_deref()).await?;
        if self.json {
            print_json(&answer)?;
        } else {
            print(format!("order {} labelled as {}", self.id, if fraud { "fraud" } else { "honest" }))?;
        }
        Ok(true)
    }
}

impl Said {
    /// Passes it on, in this name; the answer's JSON.
    async fn post(&self, status: &Status, by: Option<&str>) -> Result<serde_json::Value> {
        let mut body = json!({ "fraud": self.fraud, "source": self.source.name(), "reason": self.reason });
        if let Some(by) = by {
            body["labelled_by"] = json!(by);
        }
        if let Some(at) = self.at {
            body["labelled_at"] = json!(at);
        }
        status.post(&format!("/orders/{}/label", self.order), &body).await
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use orderflow::events::FraudLabelled;

    use super::Source;

    #[test]
    fn the_sources_are_those_of_the_record() {
        let names: Vec<&str> = Source::value_variants().iter().map(|source| source.name()).collect();
        assert_eq!(names, FraudLabelled::SOURCES);
    }
}
