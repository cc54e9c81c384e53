//! What can go wrong, one kind a file.

mod away;
mod broker;
mod clock;
mod commit_answers;
mod disk_full;
mod kill;
mod kill_point;
mod network;
mod outside;
mod pause;
mod poison;
mod rebalance;
mod records;
mod redis;

use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;

use super::{dice::Dice, ground::Ground};

/// A kind of fault.
#[async_trait]
pub trait Fault: Send + Sync {
    /// Names it on the command line and in the results.
    fn name(&self) -> &'static str;

    /// What it does, in a line.
    fn about(&self) -> &'static str;

    /// To whom it happens: two faults of one lane never happen at once.
    fn lane(&self) -> Lane;

    /// Why it cannot happen on this ground.
    fn lacks(&self, _ground: &Ground) -> Option<String> {
        None
    }

    /// Does it; returns once it has begun.
    ///
    /// # Errors
    /// When the harness itself is broken, not when its victim is.
    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike>;

    /// Ends it, if it has not ended by itself; also when it never began.
    ///
    /// # Errors
    /// As [`Fault::inject`].
    async fn heal(&self, _ground: &Ground) -> Result<()> {
        Ok(())
    }
}

/// Whom a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The services' processes.
    Processes,
    /// What they depend on.
    World,
    /// What is on the topics.
    Records,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Processes, Self::World, Self::Records];
}

/// What a fault has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    /// How often: processes killed, records appended, answers lost.
    pub count: u64,
    /// What exactly, for whoever follows the run.
    pub what: String,
    /// Until it is healed.
    pub lasts: Duration,
}

impl Strike {
    /// Once, and over at once.
    #[must_use]
    pub fn once(what: String) -> Self {
        Self { count: 1, what, lasts: Duration::ZERO }
    }
}

/// Every kind there is.
#[must_use]
pub fn all() -> Vec<Box<dyn Fault>> {
    vec![
        Box::new(kill::Kill),
        Box::new(kill_point::KillPoint),
        Box::new(pause::Pause),
        Box::new(rebalance::Rebalance),
        Box::new(clock::ClockStep),
        Box::new(commit_answers::CommitAnswers),
        Box::new(network::NetworkDelay),
        Box::new(network::Partition),
        Box::new(broker::BrokerRestart),
        Box::new(broker::BrokerCrash),
        Box::new(broker::CoordinatorMove),
        Box::new(disk_full::DiskFull),
        Box::new(redis::RedisFlush),
        Box::new(redis::RedisRestart),
        Box::new(redis::RedisSlow),
        Box::new(redis::RedisNetwork),
        Box::new(away::REGISTRY),
        Box::new(away::COLLECTOR),
        Box::new(outside::Gateway),
        Box::new(outside::Carrier),
        Box::new(records::Duplicates),
        Box::new(records::Reordered),
        Box::new(records::Replay),
        Box::new(poison::Poison),
    ]
}

/// Those of these names; all where there are none.
///
/// # Errors
/// When there is none of a name.
pub fn named(names: &[String]) -> Result<Vec<Box<dyn Fault>>> {
    let known: Vec<&str> = all().iter().map(|fault| fault.name()).collect();
    for name in names {
        ensure!(known.contains(&name.as_str()), "there is no fault {name}; there are: {}", known.join(", "));
    }
    let wanted = |fault: &dyn Fault| names.is_empty() || names.iter().any(|name| name == fault.name());
    Ok(all().into_iter().filter(|fault| wanted(fault.as_ref())).collect())
}
