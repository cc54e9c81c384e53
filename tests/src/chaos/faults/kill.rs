//! `kill -9` at any moment.

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

/// One to three instances of any services die at once.
pub(super) struct Kill;

#[async_trait]
impl Fault for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn about(&self) -> &'static str {
        "kill -9 of one to three instances at any moment; they are started again at once"
    }

    fn lane(&self) -> Lane {
        Lane::Processes
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let mut names = ground.names();
        let mut killed = Vec::new();
        for _ in 0..dice.between(1, 3) {
            let Some(name) = dice.one(&names).cloned() else { break };
            names.retain(|other| *other != name);
            let instance = ground.environment.instance(&name)?;
            if instance.process()?.is_running() {
                instance.kill_9()?;
                killed.push(name);
            }
        }
        Ok(Strike { count: killed.len() as u64, ..Strike::once(killed.join(", ")) })
    }
}
