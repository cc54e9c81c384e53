//! Whether one process is ready, for a container's health check: an image without a shell has nothing else to ask with.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::commands::print;

/// Less than a health check waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks `url`, prints what it says, and returns whether that was a success.
///
/// # Errors
/// When nothing answers there.
pub(super) async fn ask(url: &str) -> Result<bool> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(url).send().await.context("does not answer")?;
    let well = answer.status().is_success();
    print(answer.text().await.context("does not answer to its end")?)?;
    Ok(well)
}
