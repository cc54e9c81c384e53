//! `orderflow replay`: what another model would have made of the orders there were. It only reads.

mod candidate;
mod past;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use orderflow_storage::Address;
use serde_json::json;

use super::{
    models::{Evidence, Numbers, labels, told},
    print, print_json,
    table::table,
};
use crate::{connection::Connection, log::Decoder};
use candidate::Changed;
pub(super) use past::{Past, read as decisions, renew};

const EXAMPLES: &str = "\
Examples:
  orderflow replay --model fraud-2                                a folder, as `orderflow models train fraud` makes it
  orderflow replay --model 2025-12-01 --model-store /srv/models   a published version
  orderflow replay --model fraud-2 --from 2025-11-01T00:00:00Z --to 2025-12-01T00:00:00Z --show 50

Reads `fraud` from its beginning and scores each order by the features that decided on it, or, where their definition has
changed since, by features made again from the orders. Nothing is written, and nobody is called. Orders that labels of
earlier ones have raised are counted and left out: what was decided on them is not the model's word alone.";

/// Runs history through a model and says which decisions would have been others.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Replay {
    /// The candidate: a folder, or a published version.
    #[arg(long, value_name = "FOLDER|VERSION")]
    model: String,
    /// Where published models are kept.
    #[arg(long, env = "MODEL_STORE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    model_store: Option<Address>,
    /// The file of ONNX Runtime's library; without it the usual places are looked at.
    #[arg(long, env = "ORT_DYLIB_PATH", value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Only decisions from then on.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only decisions before then.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Up to this total, in minor units, an order is a small charge: fraud-scoring's setting.
    #[arg(long, env = "FRAUD_SMALL_AMOUNT", default_value_t = 1_000)]
    small_amount: i64,
    /// How many of the orders with another outcome to show, those whose score has moved most first.
    #[arg(long, default_value_t = 20)]
    show: usize,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) async fn run(self) -> Result<bool> {
        let version = candidate::open(&self).await?;
        let decoder = Decoder::new(self.connection.registry()?);
        let mut history = decisions(&self.connection, &decoder).await?;
        let made_again = renew(&mut history, self.small_amount);
        let is_wanted = |one: &Past| {
            let at = one.judged.decision.decided_at;
            self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
        };
        history.retain(is_wanted);
        let all = history.len();
        history.retain(|one| !one.is_raised());
        let raised = all - history.len();
        eprintln!("{} orders, to be scored by version {}", history.len(), version.name);
        let mut evidence = Evidence { scored: candidate::score(&version, &history)?, ..Evidence::default() };
        evidence.decided_for = history.iter().map(|one| (one.order.order_id, one.codes())).collect();
        evidence.labels = labels(&self.connection, &decoder, &evidence.scored).await?;
        let (numbers, changed) = (Numbers::of(&evidence), candidate::changed(&evidence.scored));
        if self.json {
            let shown = &changed[..changed.len().min(self.show)];
            let report = json!({
                "version": version.name, "numbers": numbers, "changed": changed.len(), "orders": shown,
                "raised_by_labels": raised, "features_made_again": made_again,
            });
            return print_json(&report).map(|()| true);
        }
        let mut parts = told(&version.name, &numbers);
        parts.push(self.differences(&changed));
        if raised > 0 {
            parts.push(format!("left out: {raised} orders that labels of earlier ones have raised"));
        }
        if made_again > 0 {
            parts.push(format!("features made again, by the definition of today: {made_again} orders"));
        }
        print(parts.join("\n\n")).map(|()| true)
    }

    fn differences(&self, changed: &[Changed]) -> String {
        if changed.is_empty() {
            return "no decision would have been another".to_owned();
        }
        let mut table = table(["order", "decided", "score", "would be", "score", "because of"]);
        for one in changed.iter().take(self.show) {
            let (score, other) = (format!("{:.3}", one.decided_score), format!("{:.3}", one.score));
            let cells =
                [one.order_id.to_string(), one.decided.clone(), score, one.would_be.to_owned(), other];
            table.add_row(cells.into_iter().chain([one.reasons.join(", ")]).collect::<Vec<_>>());
        }
        format!("{table}\n{} decisions would have been others", changed.len())
    }
}
