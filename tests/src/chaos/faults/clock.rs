//! Clocks that are wrong.

use anyhow::Result;
use async_trait::async_trait;
use serde_json::json;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

const HOUR: i64 = 3_600;

/// One instance, or both of a service, live an hour ahead or behind for a while.
pub(super) struct ClockStep;

#[async_trait]
impl Fault for ClockStep {
    fn name(&self) -> &'static str {
        "clock-step"
    }

    fn about(&self) -> &'static str {
        "the clock of one instance, or of both of a service, steps by an hour, ahead or back, for 3 to 10 s"
    }

    fn lane(&self) -> Lane {
        Lane::Processes
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let names = ground.names();
        let one = dice.one(&names).cloned().unwrap_or_default();
        let service = one.rsplit_once('-').map_or(one.as_str(), |(service, _)| service);
        let both = dice.percent(50);
        let seconds = if dice.percent(50) { HOUR } else { -HOUR };
        let mut moved = Vec::new();
        for instance in ground.environment.instances() {
            let concerned = instance.name() == one || both && instance.service() == service;
            let body = json!({ "offset_seconds": seconds });
            if concerned && ground.tell(&instance, "faults/clock", &body).await.is_ok() {
                moved.push(instance.name().to_owned());
            }
        }
        let lasts = dice.millis(3_000, 10_000);
        let what = format!("{} by {seconds} s for {:.1} s", moved.join(", "), lasts.as_secs_f64());
        Ok(Strike { count: moved.len() as u64, what, lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        for instance in ground.environment.instances() {
            // Who does not answer is starting anew, with a clock that is right.
            let _ = ground.tell(&instance, "faults/clock", &json!({ "offset_seconds": 0 })).await;
        }
        Ok(())
    }
}
