//! `kill -9` at a named point of a batch or a request.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use orderflow::faults::POINTS;
use serde_json::json;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

/// How long an instance may take to come to its point; some never do.
const PATIENCE: Duration = Duration::from_secs(12);
const GLANCE: Duration = Duration::from_millis(50);

/// An instance dies between two things that belong together.
pub(super) struct KillPoint;

#[async_trait]
impl Fault for KillPoint {
    fn name(&self) -> &'static str {
        "kill-point"
    }

    fn about(&self) -> &'static str {
        "kill -9 before or after the effect in Redis, the gateway's or carrier's call, produce, offsets, commit"
    }

    fn lane(&self) -> Lane {
        Lane::Processes
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let names = ground.names();
        let name = dice.one(&names).cloned().unwrap_or_default();
        let points: Vec<&str> = POINTS.into_iter().filter(|point| comes_to(&name, point)).collect();
        let point = dice.one(&points).copied().unwrap_or(POINTS[0]);
        let passes = dice.between(1, 6);
        let instance = ground.environment.instance(&name)?;
        let process = instance.process()?;
        let order = json!({ "point": point, "passes": passes });
        // It may be starting, or ending: then there is nobody to tell.
        if ground.tell(&instance, "faults/kill-point", &order).await.is_err() {
            return Ok(Strike { count: 0, ..Strike::once(format!("{name} could not be told")) });
        }
        let deadline = Instant::now() + PATIENCE;
        while process.is_running() && Instant::now() < deadline {
            tokio::time::sleep(GLANCE).await;
        }
        if process.is_running() {
            // Else it would die at a moment that is nobody's.
            instance.kill_9()?;
            return Ok(Strike::once(format!("{name}, which did not come to {point}")));
        }
        Ok(Strike::once(format!("{name} at {point}, pass {passes}")))
    }
}

/// Whether an instance of this name ever comes to this point.
fn comes_to(name: &str, point: &str) -> bool {
    let is = |services: &[&str]| services.iter().any(|service| name.starts_with(service));
    match point {
        "before_call" | "after_call" => is(&["payment", "shipping"]),
        "after_publish" => is(&["order-intake", "order-status"]),
        "before_script" | "after_script" => true,
        "after_drain" => false, // only behind a dead letter
        _ => !is(&["order-intake"]),
    }
}
