//! A network that is slow, or parted.

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground, proxy::Rules};

/// Everything between the services and Kafka takes longer.
pub(super) struct NetworkDelay;

/// Nothing passes between Kafka and the services, or one of their instances.
pub(super) struct Partition;

#[async_trait]
impl Fault for NetworkDelay {
    fn name(&self) -> &'static str {
        "network-delay"
    }

    fn about(&self) -> &'static str {
        "everything between the services and Kafka takes 20 to 300 ms longer, for 5 to 10 s"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let (delay, lasts) = (dice.millis(20, 300), dice.millis(5_000, 10_000));
        ground.proxies.rule_kafka(&Rules { delay, ..Rules::default() });
        Ok(Strike { count: 1, what: format!("{delay:?} for {:.1} s", lasts.as_secs_f64()), lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        ground.proxies.rule_kafka(&Rules::default());
        Ok(())
    }
}

#[async_trait]
impl Fault for Partition {
    fn name(&self) -> &'static str {
        "partition"
    }

    fn about(&self) -> &'static str {
        "nothing passes between Kafka and all services, or one instance, for 2 to 18 s; nobody is told"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let names = ground.names();
        let one = dice.one(&names).cloned();
        let only = one.filter(|_| dice.percent(60));
        let lasts = dice.millis(2_000, 18_000);
        let whom = only.clone().unwrap_or_else(|| "everybody".to_owned());
        ground.proxies.rule_kafka(&Rules { silent: true, only, ..Rules::default() });
        Ok(Strike { count: 1, what: format!("{whom} for {:.1} s", lasts.as_secs_f64()), lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        ground.proxies.rule_kafka(&Rules::default());
        Ok(())
    }
}
