//! `orderflow models`.

mod recommendation;

use anyhow::Result;
use clap::Subcommand;

/// What the commands on models are.
#[derive(Debug, Subcommand)]
pub(super) enum Models {
    /// How well a model would have done on data of one's own.
    #[command(subcommand)]
    Evaluate(Evaluate),
}

/// Which model.
#[derive(Debug, Subcommand)]
pub(super) enum Evaluate {
    /// The recommendation service's ranking, beside what everybody buys.
    Recommendation(recommendation::Recommendation),
}

impl Models {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            // It reads a file and computes: nothing else waits meanwhile.
            Self::Evaluate(Evaluate::Recommendation(command)) => {
                tokio::task::spawn_blocking(|| command.run()).await?
            }
        }
    }
}
