//! `orderflow models`.

mod fraud;
mod recommendation;
mod versions;

pub(super) use versions::{fetched, told};

use anyhow::Result;
use clap::Subcommand;

/// What the commands on models are.
#[derive(Debug, Subcommand)]
pub(super) enum Models {
    /// Makes a model.
    #[command(subcommand)]
    Train(Train),
    /// How well a model would have done.
    #[command(subcommand)]
    Evaluate(Evaluate),
    #[command(flatten)]
    Versions(Box<versions::Versions>),
}

/// Which model to make.
#[derive(Debug, Subcommand)]
pub(super) enum Train {
    /// The fraud model, on simulated orders or on the shop's own.
    Fraud(Box<fraud::Train>),
}

/// Which model.
#[derive(Debug, Subcommand)]
pub(super) enum Evaluate {
    /// The recommendation service's ranking, beside what everybody buys, on data of one's own.
    Recommendation(recommendation::Recommendation),
    /// The fraud model, beside the rules, on simulated orders.
    Fraud(fraud::Evaluate),
}

impl Models {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::Train(Train::Fraud(command)) => command.run().await,
            Self::Evaluate(Evaluate::Recommendation(command)) => computing(move || command.run()).await,
            Self::Evaluate(Evaluate::Fraud(command)) => computing(move || command.run()).await,
            Self::Versions(command) => command.run().await,
        }
    }
}

/// They read files and compute: nothing else waits meanwhile.
async fn computing(work: impl FnOnce() -> Result<bool> + Send + 'static) -> Result<bool> {
    tokio::task::spawn_blocking(work).await?
}
