//! Redis that forgets, goes away, or takes its time.

use std::time::{Duration, Instant};

use ::redis::{self as client, aio::MultiplexedConnection};
use anyhow::{Context, Result};
use async_trait::async_trait;

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground, proxy::Rules};

const PATIENCE: Duration = Duration::from_secs(30);

/// `FLUSHALL`.
pub(super) struct RedisFlush;

/// Redis is restarted, and comes back empty.
pub(super) struct RedisRestart;

/// A script keeps Redis busy.
pub(super) struct RedisSlow;

/// The way to Redis is slow, or parted.
pub(super) struct RedisNetwork;

#[async_trait]
impl Fault for RedisFlush {
    fn name(&self) -> &'static str {
        "redis-flush"
    }

    fn about(&self) -> &'static str {
        "FLUSHALL"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, _: &mut Dice) -> Result<Strike> {
        client::cmd("FLUSHALL").query_async::<()>(&mut connect(ground).await?).await?;
        Ok(Strike::once("all is forgotten".to_owned()))
    }
}

#[async_trait]
impl Fault for RedisRestart {
    fn name(&self) -> &'static str {
        "redis-restart"
    }

    fn about(&self) -> &'static str {
        "kill -9 of Redis, which comes back empty after up to 5 s"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        ground.redis()?.crash();
        let lasts = dice.millis(0, 5_000);
        Ok(Strike { count: 1, what: format!("away for {:.1} s", lasts.as_secs_f64()), lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        ground.redis()?.start_again().await
    }
}

#[async_trait]
impl Fault for RedisSlow {
    fn name(&self) -> &'static str {
        "redis-slow"
    }

    fn about(&self) -> &'static str {
        "a script keeps Redis busy for 0.5 to 6 s of its time: nobody else is answered meanwhile"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let busy = dice.millis(500, 6_000).as_secs_f64();
        let begun = Instant::now();
        let mut script = client::cmd("EVAL");
        // Time stands still in a script; what it has used of the processor does not.
        script.arg(format!("local done = os.clock() + {busy} while os.clock() < done do end")).arg(0);
        // Whether its answer comes in time is not what matters.
        let _ = script.query_async::<()>(&mut connect(ground).await?).await;
        Ok(Strike::once(format!("busy for {:.1} s", begun.elapsed().as_secs_f64())))
    }
}

#[async_trait]
impl Fault for RedisNetwork {
    fn name(&self) -> &'static str {
        "redis-network"
    }

    fn about(&self) -> &'static str {
        "the way to Redis takes 5 to 100 ms longer, or leads nowhere, for 3 to 10 s"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let lasts = dice.millis(3_000, 10_000);
        let (rules, what) = match dice.between(1, 3) {
            1 => (Rules { silent: true, ..Rules::default() }, "parted"),
            2 => (Rules { down: true, ..Rules::default() }, "refused"),
            _ => (Rules { delay: dice.millis(5, 100), ..Rules::default() }, "slow"),
        };
        ground.proxies.redis.rule(rules);
        Ok(Strike { count: 1, what: format!("{what} for {:.1} s", lasts.as_secs_f64()), lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        ground.proxies.redis.heal();
        Ok(())
    }
}

/// Past the proxy.
async fn connect(ground: &Ground) -> Result<MultiplexedConnection> {
    // The client's own half a second is too short for what is done here.
    let patience = client::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let found = client::Client::open(ground.servers.redis_url.as_str())?;
    let connection = found.get_multiplexed_async_connection_with_config(&patience).await;
    connection.context("Redis cannot be reached")
}
