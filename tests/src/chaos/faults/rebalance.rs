//! Rebalance storms: instances come and go faster than a group can settle.

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

/// The instances of one service leave in order and come back, again and again.
pub(super) struct Rebalance;

#[async_trait]
impl Fault for Rebalance {
    fn name(&self) -> &'static str {
        "rebalance-storm"
    }

    fn about(&self) -> &'static str {
        "SIGTERM and a start of a service's instances in turn, 4 to 8 times, faster than its group settles"
    }

    fn lane(&self) -> Lane {
        Lane::Processes
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let hops = ground.hops();
        let service =
            dice.one(&hops).and_then(|name| name.rsplit_once('-')).map_or("inventory", |(one, _)| one);
        let rounds = dice.between(4, 8);
        for round in 0..rounds {
            let instance = ground.environment.instance(&format!("{service}-{}", round % 2))?;
            // Whoever watches over it starts it again.
            instance.process()?.terminate();
            tokio::time::sleep(dice.millis(300, 2_500)).await;
        }
        Ok(Strike { count: rounds, ..Strike::once(format!("{service}, {rounds} times")) })
    }
}
