//! Brokers that go and come back.

use anyhow::Result;
use async_trait::async_trait;
use orderflow::config::Delivery;
use orderflow_stack::servers::Server;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

/// A broker ends as its operator asks it to, and is started again.
pub(super) struct BrokerRestart;

/// A broker is killed, and is started again.
pub(super) struct BrokerCrash;

/// The brokers that coordinate groups and transactions go, one after the other, so that the coordinators move.
pub(super) struct CoordinatorMove;

#[async_trait]
impl Fault for BrokerRestart {
    fn name(&self) -> &'static str {
        "broker-restart"
    }

    fn about(&self) -> &'static str {
        "a broker is stopped in order (SIGTERM) and started again"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    fn lacks(&self, ground: &Ground) -> Option<String> {
        needs_copies(ground)
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let brokers = ground.brokers()?;
        let Some(broker) = dice.one(&brokers) else { return Ok(Strike::once("nobody".to_owned())) };
        broker.stop().await;
        Ok(Strike { lasts: dice.millis(0, 3_000), ..Strike::once(broker.address().to_owned()) })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        start_all(ground).await
    }
}

#[async_trait]
impl Fault for BrokerCrash {
    fn name(&self) -> &'static str {
        "broker-crash"
    }

    fn about(&self) -> &'static str {
        "kill -9 of a broker, which is started again"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    fn lacks(&self, ground: &Ground) -> Option<String> {
        needs_copies(ground)
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let brokers = ground.brokers()?;
        let Some(broker) = dice.one(&brokers) else { return Ok(Strike::once("nobody".to_owned())) };
        broker.crash();
        Ok(Strike { lasts: dice.millis(0, 3_000), ..Strike::once(broker.address().to_owned()) })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        start_all(ground).await
    }
}

#[async_trait]
impl Fault for CoordinatorMove {
    fn name(&self) -> &'static str {
        "coordinator-move"
    }

    fn about(&self) -> &'static str {
        "each broker but the controller stands down and comes back in turn: coordinators and leaders move"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    fn lacks(&self, ground: &Ground) -> Option<String> {
        ground.servers.other_brokers.is_empty().then(|| "there is nobody to move to: --brokers 3".to_owned())
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let mut moved: Vec<&Server> = ground.servers.other_brokers.iter().collect();
        if dice.percent(50) {
            moved.reverse();
        }
        for broker in &moved {
            broker.stop().await;
            tokio::time::sleep(dice.millis(500, 3_000)).await;
            broker.start_again().await?;
        }
        Ok(Strike { count: moved.len() as u64, ..Strike::once("the second and the third broker".to_owned()) })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        start_all(ground).await
    }
}

async fn start_all(ground: &Ground) -> Result<()> {
    for broker in ground.brokers()? {
        broker.start_again().await?;
    }
    Ok(())
}

/// The one fault that is Kafka's own, and has no remedy here (`ARCHITECTURE.md`, "Transactions").
pub(super) fn needs_copies(ground: &Ground) -> Option<String> {
    let alone = ground.servers.other_brokers.is_empty();
    (alone && ground.delivery == Delivery::ExactlyOnce).then(|| {
        "a broker that is alone may leave a transaction hanging when it goes: --brokers 3".to_owned()
    })
}
