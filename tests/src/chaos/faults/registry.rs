//! A registry that cannot be reached.

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground, proxy::Rules};

/// Nobody gets through to the registry for a while.
pub(super) struct RegistryDown;

#[async_trait]
impl Fault for RegistryDown {
    fn name(&self) -> &'static str {
        "registry-down"
    }

    fn about(&self) -> &'static str {
        "the registry refuses connections, or does not answer, for 5 to 15 s"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let silent = dice.percent(50);
        let lasts = dice.millis(5_000, 15_000);
        ground.proxies.registry.rule(Rules { silent, down: !silent, ..Rules::default() });
        let how = if silent { "silent" } else { "down" };
        Ok(Strike { count: 1, what: format!("{how} for {:.1} s", lasts.as_secs_f64()), lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        ground.proxies.registry.heal();
        Ok(())
    }
}
