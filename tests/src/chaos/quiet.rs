//! Waiting until nothing moves any more.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{ground::Ground, tally::Tally};

/// Far beyond any timeout, and what a loaded machine makes of it.
const PATIENCE: Duration = Duration::from_mins(6);
/// With a planted bug most of what is open stays so.
const PLANTED: Duration = Duration::from_mins(1);
/// Longer than anything here waits before it tries again.
const STILL: Duration = Duration::from_secs(12);
const GLANCE: Duration = Duration::from_secs(1);

/// Waits until every accepted order is at its end, nothing has been written for a while and all instances are ready. What
/// is still open after a long time (a short one where a bug is planted): each order, and each instance.
///
/// # Errors
/// When a process cannot be looked at.
pub async fn wait(ground: &Arc<Ground>, tally: &Tally, is_planted: bool) -> Result<Vec<String>> {
    let deadline = Instant::now() + if is_planted { PLANTED } else { PATIENCE };
    loop {
        let open = tally.open(&ground.journal.accepted());
        let unready = unready(ground).await;
        if open.is_empty() && unready.is_empty() && tally.still_for() > STILL {
            return Ok(Vec::new());
        }
        if Instant::now() > deadline {
            let open = open.iter().map(|(order, state)| format!("{order} is {state}"));
            let mut stuck: Vec<String> = open.chain(unready).collect();
            if stuck.is_empty() {
                stuck.push("records are still written".to_owned());
            }
            return Ok(stuck);
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn unready(ground: &Ground) -> Vec<String> {
    let mut unready = Vec::new();
    for instance in ground.environment.instances() {
        let ask = ground.http.get(format!("{}/health/ready", instance.operator_url())).send().await;
        match ask {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                let says = answer.text().await.unwrap_or_default();
                unready.push(format!("{} is not ready: {says}", instance.name()));
            }
            Err(error) => unready.push(format!("{} does not answer: {error}", instance.name())),
        }
    }
    unready
}
