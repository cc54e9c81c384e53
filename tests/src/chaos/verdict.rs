//! Holds what a run has left against what the shop promises.

use anyhow::Result;
use orderflow_cli::audit;

use super::{evidence::Evidence, ground::Ground};

/// What was broken, each for people; empty when all promises were kept.
pub(super) async fn verdict(ground: &Ground, _evidence: &Evidence) -> Result<Vec<String>> {
    let evidence = audit::gather(&ground.environment, ground.journal.accepted()).await?;
    Ok(audit::check(&evidence).into_iter().flat_map(|check| check.broken).collect())
}
