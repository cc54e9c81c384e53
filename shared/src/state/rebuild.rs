//! Rebuilding a service's state from the log: a fold of the service's own outputs, which never decides anew.
//!
//! One process holds a lease and builds under the next generation. It first takes the live generation away, so that
//! every effect fails closed; then it waits until every other member has settled its open batch and said so, and
//! fences those that do not; only then it reads the topics to their end, and switches generations with one SET.

mod fold;
mod generation;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use redis::AsyncCommands;
use tracing::{info, warn};
use uuid::Uuid;

use super::{State, field};
use crate::{
    clock::Clock,
    fault::{Consequence, Fault},
    metrics,
    topics::Topic,
};
pub use fold::{Beyond, Fold, Logged, Progress, What, readable};

/// What a rebuild needs of Kafka; the runtime provides it.
#[async_trait]
pub(crate) trait Log: Send + Sync {
    /// The Kafka cluster's id.
    fn cluster(&self) -> &str;
    /// Instances that are members of the service's group now, this one included.
    async fn members(&self) -> Result<Vec<String>, Fault>;
    /// Makes sure that nothing an instance has begun can still be committed.
    async fn fence(&self, instance: &str) -> Result<(), Fault>;
    /// Where the group has committed, for every partition of its input topics.
    async fn committed(&self) -> Result<BTreeMap<(Topic, i32), i64>, Fault>;
    /// Feeds the topics, from their beginning to their end, to `fold`; of what others write, only what the group has
    /// dealt with. Puts into `state` what waits behind which dead letters.
    async fn replay(
        &self,
        fold: &dyn Fold,
        state: &State,
        now: Timestamp,
        told: &Progress,
    ) -> Result<(), Fault>;
}

/// How long the lease lasts without renewal.
const LEASE: Duration = Duration::from_secs(15);
/// How often it is renewed, and progress told.
const RENEWAL: Duration = Duration::from_secs(1);
/// How long the other members have to settle their open batches.
const SETTLE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(100);

/// Brings lost state back.
pub(crate) struct Recovery {
    pub state: State,
    pub fold: Arc<dyn Fold>,
    pub log: Arc<dyn Log>,
    pub clock: Clock,
    pub instance: String,
}

impl Recovery {
    /// Takes up work on the state at start-up: on the live generation where it is whole, else after a rebuild.
    ///
    /// # Errors
    /// As [`Self::recover`].
    pub async fn begin(&self) -> Result<(), Fault> {
        match self.adopted().await? {
            Some(()) => Ok(()),
            None => self.recover().await,
        }
    }

    /// Takes the live generation as it is; nothing, when not all of it is there, or it is of another layout: then it is
    /// built anew.
    async fn adopted(&self) -> Result<Option<()>, Fault> {
        match self.state.adopt(self.log.cluster()).await {
            Err(fault) if fault.consequence() == Consequence::Lost => Ok(None),
            adopted => {
                adopted?;
                Ok((self.state.layout().await? == self.fold.layout()).then_some(()))
            }
        }
    }

    /// Returns once this process works on a whole generation: somebody else's, or one it has built itself. The
    /// caller has settled its own open batch.
    ///
    /// # Errors
    /// `Fatal` when the state belongs to another cluster; `Transient` when Kafka or Redis do not answer: call again.
    pub async fn recover(&self) -> Result<(), Fault> {
        let lost = self.state.live_generation();
        loop {
            let lease: Option<String> = self.state.redis().get(self.state.root_key("rebuild")).await?;
            if let Some(lease) = lease {
                self.acknowledge(&lease).await?;
            } else if self.state.current_generation().await?.is_some_and(|now| Some(now) != lost)
                && let Some(()) = self.adopted().await?
            {
                return Ok(());
            } else if let Some(lease) = self.take_lease().await? {
                return self.build(lease).await;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Tells a rebuilder that this instance has nothing open.
    async fn acknowledge(&self, lease: &str) -> Result<(), Fault> {
        let key = self.state.root_key(&format!("settled:{lease}"));
        let mut redis = self.state.redis();
        let () = redis.sadd(&key, &self.instance).await?;
        Ok(redis.expire(&key, 3600).await?)
    }

    async fn take_lease(&self) -> Result<Option<String>, Fault> {
        let lease = Uuid::new_v4().to_string();
        let taken: Option<String> = redis::cmd("SET")
            .arg(self.state.root_key("rebuild"))
            .arg(&lease)
            .arg("NX")
            .arg("PX")
            .arg(u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX))
            .query_async(&mut self.state.redis())
            .await?;
        Ok(taken.map(|_| lease))
    }

    async fn build(&self, lease: String) -> Result<(), Fault> {
        let told = Progress::default();
        let renewing = tokio::time::interval(RENEWAL);
        let building = self.build_under(&lease, &told);
        tokio::pin!(renewing, building);
        let built = loop {
            tokio::select! {
                built = &mut building => break built,
                _ = renewing.tick() => {
                    if let Err(fault) = self.goes_on(&lease, &told).await {
                        break Err(fault);
                    }
                }
            }
        };
        // The switch ends the lease: beside it a renewal would take that for a loss.
        let switched = match built {
            Ok(new) => self.state.switch(&lease, new).await.map(|()| new),
            Err(fault) => Err(fault),
        };
        if switched.is_err() {
            self.release(&lease).await?; // another may try at once
        }
        self.take_up(switched?, &told).await
    }

    async fn goes_on(&self, lease: &str, told: &Progress) -> Result<(), Fault> {
        self.renew(lease).await?;
        self.state.tell(&self.instance, told, LEASE).await
    }

    /// Works on the generation it has built.
    async fn take_up(&self, new: u64, told: &Progress) -> Result<(), Fault> {
        self.state.adopt(self.log.cluster()).await?;
        ::metrics::counter!(metrics::REBUILDS).increment(1);
        info!(generation = new, records = told.folded(), "state is rebuilt");
        // Also what rebuilds have left that did not come to their end. What stays goes with the next one.
        if let Err(fault) = self.state.forget_before(new).await {
            warn!(%fault, "old generations of the state are left in Redis");
        }
        Ok(())
    }

    /// Everything but the switch; the new generation.
    async fn build_under(&self, lease: &str, told: &Progress) -> Result<u64, Fault> {
        let old = self.state.current_generation().await?;
        let new = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(1).max(old.unwrap_or(0) + 1);
        info!(generation = new, "state is lost or behind the log; rebuilding it");
        let mut redis = self.state.redis();
        let () = redis.del(self.state.root_key("generation")).await?; // from here on every effect fails closed
        self.settle_others(lease).await?;

        let building = self.state.building(new, lease);
        self.log.replay(self.fold.as_ref(), &building, self.clock.now(), told).await?;
        let prefix = self.state.generation_prefix(new);
        for ((topic, partition), offset) in self.log.committed().await? {
            let () = redis.hset(format!("{prefix}applied"), field(topic, partition), offset).await?;
        }
        let () = redis.set(format!("{prefix}layout"), self.fold.layout()).await?;
        let () = redis.set(format!("{prefix}cluster"), self.log.cluster()).await?;
        Ok(new)
    }

    /// Waits until no batch that saw the old generation can still be committed.
    async fn settle_others(&self, lease: &str) -> Result<(), Fault> {
        let key = self.state.root_key(&format!("settled:{lease}"));
        let deadline = tokio::time::Instant::now() + SETTLE;
        loop {
            let settled: Vec<String> = self.state.redis().smembers(&key).await?;
            let mut others = self.log.members().await?;
            others.retain(|member| *member != self.instance && !settled.contains(member));
            if others.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                warn!(?others, "did not settle in time; fencing them");
                for member in &others {
                    self.log.fence(member).await?;
                }
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn renew(&self, lease: &str) -> Result<(), Fault> {
        let renewed: bool = redis::Script::new(
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
        )
        .key(self.state.root_key("rebuild"))
        .arg(lease)
        .arg(u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX))
        .invoke_async(&mut self.state.redis())
        .await?;
        if renewed {
            Ok(())
        } else {
            Err(Fault::transient("lease_lost", "another process rebuilds the state now"))
        }
    }

    async fn release(&self, lease: &str) -> Result<(), Fault> {
        let () = redis::Script::new(
            "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return redis.status_reply('OK')",
        )
        .key(self.state.root_key("rebuild"))
        .arg(lease)
        .invoke_async(&mut self.state.redis())
        .await?;
        Ok(())
    }
}
