//! Rebuilding a service's state from the log: a fold of the service's own outputs, which never decides anew.
//!
//! One process holds a lease and builds under the next generation. It first takes the live generation away, so that
//! every effect fails closed; then it waits until every other member has settled its open batch and said so, and
//! fences those that do not; only then it reads the topics to their end, and switches generations with one SET.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use redis::AsyncCommands;
use tracing::{info, warn};
use uuid::Uuid;

use super::{Guard, State, field, unlink};
use crate::{
    clock::Clock,
    codec::Codec,
    envelope::Envelope,
    events::Record,
    fault::{Consequence, Fault},
    metrics,
    runtime::{OnWire, put_aside::PutAside},
    step::Origin,
    topics::Topic,
};

/// How a service's state follows from the log.
#[async_trait]
pub trait Fold: Send + Sync + 'static {
    /// What is read, from its beginning to its end: the service's own outputs, and what else its README names. Of inputs
    /// only what was handled is fed: neither what the group has still to read nor what waits or was given up.
    fn sources(&self) -> Vec<Topic>;

    /// Puts a batch of logged records into `state`, which is under construction; calls scripts on it as usual.
    /// Idempotent by event id; in offset order per partition, in no order across partitions and topics.
    ///
    /// # Errors
    /// Any fault stops the rebuild, which is then tried again from the start.
    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault>;

    /// For how long what a record says is kept in the state; older records are not fed. Nothing: each counts for ever, or
    /// the fold itself knows.
    fn life(&self) -> Option<SignedDuration> {
        None
    }

    /// Called before the records of a source are fed, with the first offset that is left of each of its partitions: for a
    /// state to which every record counts, and which must not be made from a part of them.
    ///
    /// # Errors
    /// `Fatal` when records are gone that nothing makes up for.
    async fn begins(&self, _: &State, _: Topic, _: &BTreeMap<i32, i64>) -> Result<(), Fault> {
        Ok(())
    }

    /// What of the state does not follow from the log, so that nobody who compares the two takes it for damage.
    fn beyond_the_log(&self) -> &'static [Beyond] {
        &[]
    }
}

/// Keys of which something does not follow from the log.
#[derive(Debug, Clone, Copy)]
pub struct Beyond {
    /// How their names begin, below the generation; the whole name of a single key.
    pub keys: &'static str,
    /// What of them.
    pub what: What,
}

/// What of a key does not follow from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// All of it.
    All,
    /// This field of a hash.
    Field(&'static str),
    /// In this field, which is JSON, this member.
    Member(&'static str, &'static str),
    /// That it is there: Redis may have keys of which the log knows nothing, but not other ones.
    Surplus,
    /// The first word of each field: the sequence in which records came.
    FirstWord,
}

/// How far a rebuild is.
#[derive(Debug, Default)]
pub struct Progress {
    folded: AtomicU64,
    expected: AtomicU64,
}

impl Progress {
    /// Records that were read.
    #[must_use]
    pub fn folded(&self) -> u64 {
        self.folded.load(Ordering::Relaxed)
    }

    /// How many there were to be read when it began, a few more for the marks of transactions.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    pub(crate) fn expect(&self, records: u64) {
        self.expected.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, records: u64) {
        self.folded.fetch_add(records, Ordering::Relaxed);
    }
}

/// A record of the log, not yet decoded.
#[derive(Debug)]
pub struct Logged<'a> {
    /// Who, when and why.
    pub envelope: Envelope,
    /// Where it stands.
    pub origin: Origin,
    pub(crate) full_name: String,
    pub(crate) record: OnWire<'a>,
    pub(crate) codec: &'a Codec,
}

impl Logged<'_> {
    /// The record, when it is of this type and can be read: one that cannot has left no state, whoever has put it there,
    /// and a rebuild that it stopped would never end.
    ///
    /// # Errors
    /// Those of other consequences than `Poison`.
    pub fn read<R: Record>(&self) -> Result<Option<R>, Fault> {
        if self.full_name != R::full_name() {
            return Ok(None);
        }
        readable(self, self.codec.decode(self.record.value()).map(Some))
    }

    /// What a group on the path has put aside, when it is that.
    ///
    /// # Errors
    /// `Poison` when it cannot be read.
    pub fn put_aside(&self) -> Result<Option<PutAside>, Fault> {
        if !self.origin.topic.is_of_a_group() {
            return Ok(None);
        }
        PutAside::of(&self.record).map(Some)
    }
}

/// What was read of a record; one that cannot be read was a dead letter then, and must not stop a rebuild now.
///
/// # Errors
/// Those of other consequences than `Poison`.
pub fn readable<T>(logged: &Logged<'_>, read: Result<Option<T>, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Err(fault) if fault.consequence() == Consequence::Poison => {
            warn!(code = fault.code(), %fault, topic = %logged.origin.topic, "passed over in a rebuild");
            Ok(None)
        }
        read => read,
    }
}

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
        match self.state.adopt(self.log.cluster()).await {
            Err(fault) if fault.consequence() == Consequence::Lost => self.recover().await,
            adopted => adopted,
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
            } else {
                if self.state.current_generation().await?.is_some_and(|now| Some(now) != lost) {
                    match self.state.adopt(self.log.cluster()).await {
                        // Only a part of it is left: built anew like one that is gone.
                        Err(fault) if fault.consequence() == Consequence::Lost => {}
                        adopted => return adopted,
                    }
                }
                if let Some(lease) = self.take_lease().await? {
                    return self.build(lease).await;
                }
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

impl State {
    /// The same state under construction: scripts run on the next generation while the lease holds.
    fn building(&self, generation: u64, lease: &str) -> State {
        let building = State::new(self.redis.clone(), Arc::clone(&self.root));
        building.seen().guard = Guard::Building { generation, lease: lease.to_owned() };
        building
    }

    fn live_generation(&self) -> Option<u64> {
        match self.seen().guard {
            Guard::Live(generation) => Some(generation),
            Guard::Unknown | Guard::Building { .. } => None,
        }
    }

    async fn current_generation(&self) -> Result<Option<u64>, Fault> {
        Ok(self.redis.clone().get(self.root_key("generation")).await?)
    }

    /// Makes a built generation the live one, if the lease still holds.
    async fn switch(&self, lease: &str, generation: u64) -> Result<(), Fault> {
        let switched: bool = redis::Script::new(
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end \
             redis.call('SET', KEYS[2], ARGV[2]); redis.call('DEL', KEYS[1]); return 1",
        )
        .key(self.root_key("rebuild"))
        .key(self.root_key("generation"))
        .arg(lease)
        .arg(generation)
        .invoke_async(&mut self.redis.clone())
        .await?;
        if switched {
            Ok(())
        } else {
            Err(Fault::transient("lease_lost", "the lease ran out before the switch"))
        }
    }

    /// Removes what is left of the generations before this one, a few keys at a time.
    async fn forget_before(&self, generation: u64) -> Result<(), Fault> {
        let stem = format!("{}g", self.root);
        let is_old = |key: &[u8]| {
            let rest = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(&stem));
            let number = rest.and_then(|rest| rest.split(':').next()).and_then(|number| number.parse().ok());
            number.is_some_and(|number: u64| number < generation)
        };
        unlink(&mut self.redis.clone(), &format!("{stem}[0-9]*"), is_old).await
    }
}
