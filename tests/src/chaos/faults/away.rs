//! Somebody on the side who cannot be reached: nothing of an order hangs on him.

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{
    dice::Dice,
    ground::{Ground, Proxies},
    proxy::{Proxy, Rules},
};

/// Nobody gets through to him for a while.
pub(super) struct Away {
    name: &'static str,
    about: &'static str,
    way: fn(&Proxies) -> &Proxy,
}

/// The schema registry.
pub(super) const REGISTRY: Away = Away {
    name: "registry-down",
    about: "the registry refuses connections, or does not answer, for 5 to 15 s",
    way: |proxies| &proxies.registry,
};

/// Who takes the spans.
pub(super) const COLLECTOR: Away = Away {
    name: "collector-down",
    about: "the collector of telemetry refuses connections, or does not answer, for 5 to 15 s",
    way: |proxies| &proxies.collector,
};

#[async_trait]
impl Fault for Away {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let silent = dice.percent(50);
        let lasts = dice.millis(5_000, 15_000);
        (self.way)(&ground.proxies).rule(Rules { silent, down: !silent, ..Rules::default() });
        let how = if silent { "silent" } else { "down" };
        Ok(Strike { count: 1, what: format!("{how} for {:.1} s", lasts.as_secs_f64()), lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        (self.way)(&ground.proxies).heal();
        Ok(())
    }
}
