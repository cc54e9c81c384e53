//! A process that stands still, and goes on as if nothing had been: a zombie.

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

/// From just short of the group's session to beyond the transactions' timeout of 15 s, in milliseconds.
const STANDS: (u64, u64) = (5_000, 20_000);

/// One or two instances stand still for a while.
pub(super) struct Pause;

#[async_trait]
impl Fault for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn about(&self) -> &'static str {
        "SIGSTOP of one or two instances for 5 to 20 s (a transaction times out after 15 s), then SIGCONT"
    }

    fn lane(&self) -> Lane {
        Lane::Processes
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let mut names = ground.names();
        let mut paused = Vec::new();
        for _ in 0..dice.between(1, 2) {
            let Some(name) = dice.one(&names).cloned() else { break };
            names.retain(|other| *other != name);
            ground.environment.instance(&name)?.process()?.freeze();
            paused.push(name);
        }
        let lasts = dice.millis(STANDS.0, STANDS.1);
        let what = format!("{} for {:.1} s", paused.join(", "), lasts.as_secs_f64());
        Ok(Strike { count: paused.len() as u64, what, lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        for instance in ground.environment.instances() {
            instance.process()?.thaw();
        }
        Ok(())
    }
}
