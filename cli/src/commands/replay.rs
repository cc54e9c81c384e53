//! `orderflow replay`: what would change if the past were handled again: by the steps of a service as it is now, or by
//! another model. Nothing is published, and nobody is called.

mod candidate;
mod model;
mod past;
mod steps;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use orderflow_storage::Address;

use crate::{connection::Connection, recovery::SERVICES};
pub(super) use past::{Past, read as decisions, renew};

const EXAMPLES: &str = "\
Examples:
  orderflow replay payment --from 2025-11-28T00:00:00Z --to 2025-11-29T00:00:00Z
  orderflow replay inventory --from 2025-11-28T00:00:00Z --into again.jsonl -- --reservation-validity 600
  orderflow replay fraud-scoring --from 2025-11-28T00:00:00Z -- --threshold 0.7
  orderflow replay fraud-scoring -- --model ./fraud-2
  orderflow replay --model fraud-2                                a folder, as `orderflow models train fraud` makes it
  orderflow replay --model 2025-12-01 --model-store /srv/models   a published version
  orderflow replay --model fraud-2 --from 2025-11-01T00:00:00Z --to 2025-12-01T00:00:00Z --show 50

A service: its records of that time run through its steps once more, with the settings it is given behind `--` and its
variables, on a state of its own: first the log up to --from is folded into keys beside the live ones, as a rebuild does,
or into --scratch-redis. What a step would call outside is answered as the log tells that it was, and recorded; deadlines
do not run: what they have said is taken as it is. Printed is what would be new, different or missing on the log.
fraud-scoring, inventory and payment can be replayed; of the others it is said why not. Without --model behind `--`,
rules score.

--model alone: reads `fraud` from its beginning and scores each order by the features that decided on it, or, where their
definition has changed since, by features made again from the orders. Orders that labels of earlier ones have raised are
counted and left out: what was decided on them is not the model's word alone.";

/// Runs the past through the steps of a service, or through a model, and says what would have been otherwise.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Replay {
    /// The service whose steps are run.
    #[arg(value_parser = SERVICES, required_unless_present = "model", conflicts_with = "model")]
    service: Option<String>,
    /// The candidate: a folder, or a published version.
    #[arg(long, value_name = "FOLDER|VERSION")]
    model: Option<String>,
    /// Where published models are kept.
    #[arg(long, env = "MODEL_STORE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    model_store: Option<Address>,
    /// The file of ONNX Runtime's library; without it the usual places are looked at.
    #[arg(long, env = "ORT_DYLIB_PATH", value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Only records, or decisions, from then on.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only records, or decisions, before then.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// A file for everything the steps say and would have called, a JSON object a line.
    #[arg(long, value_name = "FILE", requires = "service")]
    into: Option<PathBuf>,
    /// Another Redis to run a service's steps on; without it, keys beside the live ones are used, and removed at the end.
    #[arg(long, value_name = "URL", requires = "service")]
    scratch_redis: Option<String>,
    /// Up to this total, in minor units, an order is a small charge: fraud-scoring's setting, for --model.
    #[arg(long, env = "FRAUD_SMALL_AMOUNT", default_value_t = 1_000)]
    small_amount: i64,
    /// How many of the changes to show; of --model those whose score has moved most first.
    #[arg(long, default_value_t = 20)]
    show: usize,
    #[command(flatten)]
    connection: Connection,
    /// As JSON: of --model one document, of a service a line for each change, and a last one that sums up.
    #[arg(long)]
    json: bool,
    /// The service's settings, as its own command line takes them: `-- --help` lists them.
    #[arg(last = true, value_name = "SETTING", requires = "service")]
    settings: Vec<String>,
}

impl Replay {
    pub(super) async fn run(mut self) -> Result<bool> {
        match (self.service.take(), self.model.take()) {
            (Some(service), _) => self.by_steps(&service).await,
            (None, model) => self.by_model(&model.unwrap_or_default()).await,
        }
    }
}
