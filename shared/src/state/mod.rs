//! What a service knows, in Redis: only what the log implies, and guarded against Redis forgetting it.
//!
//! Redis may lose what it acknowledged (a flush, a restart behind its append-only file, a failover), also while
//! connections stay open. So each service's keys live under a *generation*, beside the Kafka cluster's id and the
//! *applied offset* of every input partition. Every effect is a script that first compares both with what this
//! process last saw; a script that finds less does nothing and answers LOST ([`Consequence::Lost`]), and the runtime
//! rebuilds the state from the log under the next generation ([`rebuild`]).
//!
//! Keys of a service, all below its prefix (`<environment><service>:`):
//!
//! | key | holds |
//! |---|---|
//! | `generation` | the live generation; switching it is one SET |
//! | `rebuild` | the rebuilder's lease |
//! | `progress` | hash: which instance rebuilds, how many records it has folded, and of how many |
//! | `beside:<id>:…` | the state as the log tells it, folded anew beside the live one by an operator's command ([`beside`]) |
//! | `g<generation>:cluster` | the Kafka cluster's id |
//! | `g<generation>:layout` | how the service's keys are laid out ([`rebuild::Fold::layout`]); 1 when it is not there |
//! | `g<generation>:applied` | hash of `<topic>/<partition>` to the offset up to which effects are applied |
//! | `g<generation>:block:…`, `waits:…`, `blocked`, `drains:…`, `settled:…` | who waits behind which dead letter ([`crate::runtime::waiting`]) |
//! | `g<generation>:…` | the service's own keys; scripts reach them through `P` |
//!
//! [`Consequence::Lost`]: crate::fault::Consequence::Lost

pub mod beside;
pub mod by_hand;
mod keys;
pub mod rebuild;
mod script;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{AsyncCommands, FromRedisValue, aio::ConnectionManager};

use keys::unlink;
pub use script::{Args, EffectScript};

use crate::{
    breaker::{Breaker, Dependency, Policy},
    fault::Fault,
    faults, telemetry,
    topics::Topic,
};

/// A service's state in Redis. Clones share the connection and what was last seen.
#[derive(Clone)]
pub struct State {
    redis: ConnectionManager,
    root: Arc<str>,
    seen: Arc<Mutex<Seen>>,
    breaker: Option<Breaker>,
}

/// Redis, as its breaker sees it. That it has lost something is an answer.
pub(crate) const REDIS: Dependency =
    Dependency { name: "redis", refusal: "redis_breaker_open", outages: &["redis_unavailable"] };

/// Everything waits for Redis, so it is looked for often; one answer shows that it is back.
pub(crate) const REDIS_POLICY: Policy = Policy {
    window: 20,
    least: 5,
    in_a_row: 5,
    first_wait: Duration::from_millis(500),
    longest_wait: Duration::from_secs(5),
    probes: 1,
};

/// What this process last saw of the state: less than this, and Redis has forgotten something.
#[derive(Debug, Clone, Default)]
struct Seen {
    guard: Guard,
    applied: BTreeMap<(Topic, i32), i64>,
}

/// Which key must hold what for an effect to be allowed.
#[derive(Debug, Clone, Default)]
enum Guard {
    /// Nothing is known yet: every effect answers LOST.
    #[default]
    Unknown,
    /// Normal work on the live generation.
    Live(u64),
    /// A rebuild of the next generation, under a lease.
    Building { generation: u64, lease: String },
}

impl State {
    /// State below `root`, the service's key prefix. Nothing works before [`Self::adopt`].
    #[must_use]
    pub fn new(redis: ConnectionManager, root: impl Into<Arc<str>>) -> Self {
        Self { redis, root: root.into(), seen: Arc::default(), breaker: None }
    }

    /// The same behind a breaker: while Redis is out, no effect is tried, and no record is blamed for it.
    #[must_use]
    pub(crate) fn guarded(self, breaker: Breaker) -> Self {
        Self { breaker: Some(breaker), ..self }
    }

    /// Starts the first generation of a service that has no history, unless there is one already.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer; `Fatal` when the state belongs to another Kafka cluster.
    pub async fn initialise(&self, cluster: &str) -> Result<(), Fault> {
        let first = 1;
        let mut redis = self.redis.clone();
        let () = redis.set_nx(format!("{}cluster", self.generation_prefix(first)), cluster).await?;
        let () = redis.set_nx(self.root_key("generation"), first).await?;
        self.adopt(cluster).await
    }

    /// Takes the live generation as this process's own.
    ///
    /// # Errors
    /// `Lost` when there is none; `Fatal` when the state belongs to another Kafka cluster; `Transient` when Redis
    /// does not answer.
    pub async fn adopt(&self, cluster: &str) -> Result<(), Fault> {
        let mut redis = self.redis.clone();
        let generation: Option<u64> = redis.get(self.root_key("generation")).await?;
        let generation = generation.ok_or_else(|| Fault::lost("Redis holds no generation of the state"))?;
        let theirs: Option<String> =
            redis.get(format!("{}cluster", self.generation_prefix(generation))).await?;
        match theirs {
            Some(theirs) if theirs == cluster => {}
            Some(theirs) => {
                let message = format!(
                    "the state in Redis belongs to Kafka cluster {theirs}, but this is {cluster}: \
                     give this environment a prefix or a Redis of its own"
                );
                return Err(Fault::fatal("other_cluster", message));
            }
            None => return Err(Fault::lost("Redis does not know the cluster of its generation")),
        }
        self.seen().guard = Guard::Live(generation);
        Ok(())
    }

    /// Runs an effect script, once, atomically, guarded by generation and applied offsets.
    ///
    /// # Errors
    /// `Lost` when Redis knows less than this process has seen; `Transient` when Redis does not answer; `Fatal` when
    /// the script is wrong.
    pub async fn call<T: FromRedisValue>(&self, script: &EffectScript, args: Args) -> Result<T, Fault> {
        let seen = self.seen().clone();
        let (guard, value, generation) = match &seen.guard {
            Guard::Unknown => return Err(Fault::lost("no generation of the state is known yet")),
            Guard::Live(generation) => ("generation", generation.to_string(), *generation),
            Guard::Building { generation, lease } => ("rebuild", lease.clone(), *generation),
        };
        let mut invocation = script.prepare();
        invocation
            .key(format!("{}{guard}", self.root))
            .key(self.generation_prefix(generation))
            .arg(value)
            .arg(seen.applied.len());
        for ((topic, partition), offset) in &seen.applied {
            invocation.arg(field(*topic, *partition)).arg(*offset);
        }
        for arg in args.into_inner() {
            invocation.arg(arg);
        }
        faults::point("before_script");
        let mut redis = self.redis.clone();
        let asking = invocation.invoke_async(&mut redis);
        let asking = telemetry::redis("EVALSHA", Some(script.hash()), asking);
        let calling = async { asking.await.map_err(Fault::from) };
        let answer = match &self.breaker {
            Some(breaker) => breaker.call(calling).await?,
            None => calling.await?,
        };
        faults::point("after_script");
        Ok(answer)
    }

    /// A connection for plain reads that decide nothing.
    #[must_use]
    pub fn redis(&self) -> ConnectionManager {
        self.redis.clone()
    }

    /// The key `name` of the live generation, for plain reads that decide nothing.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        let generation = match self.seen().guard {
            Guard::Unknown => 0,
            Guard::Live(generation) | Guard::Building { generation, .. } => generation,
        };
        format!("{}{name}", self.generation_prefix(generation))
    }

    /// Tells the state which partitions this instance holds now, and which offset Kafka has committed for each: the
    /// least that Redis must have applied. Other instances watch the rest.
    pub fn hold(&self, committed: BTreeMap<(Topic, i32), i64>) {
        self.seen().applied = committed;
    }

    /// The partitions this instance holds.
    #[must_use]
    pub fn held_partitions(&self) -> Vec<(Topic, i32)> {
        self.seen().applied.keys().copied().collect()
    }

    /// The partitions this instance holds, and how far each is applied.
    #[must_use]
    pub fn held_offsets(&self) -> BTreeMap<(Topic, i32), i64> {
        self.seen().applied.clone()
    }

    /// Records that effects up to these offsets (exclusive) are applied. Offsets never go backwards.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn advance(&self, offsets: &[(Topic, i32, i64)]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(offsets.len());
        for (topic, partition, offset) in offsets {
            args.push(field(*topic, *partition)).push(*offset);
        }
        let () = self.call(&script::ADVANCE, args).await?;
        let mut seen = self.seen();
        for (topic, partition, offset) in offsets {
            // Only partitions still held: a revoked one is another instance's to watch.
            if let Some(applied) = seen.applied.get_mut(&(*topic, *partition)) {
                *applied = (*applied).max(*offset);
            }
        }
        Ok(())
    }

    /// Makes sure, cheaply, that the state is still whole: for a process that is idle.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn verify(&self) -> Result<(), Fault> {
        let mut nothing = Args::new();
        nothing.push(0);
        self.call(&script::ADVANCE, nothing).await
    }

    /// The key `name` of the service, outside its generations.
    fn root_key(&self, name: &str) -> String {
        format!("{}{name}", self.root)
    }

    fn generation_prefix(&self, generation: u64) -> String {
        format!("{}g{generation}:", self.root)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a partition is named in the hash of applied offsets.
fn field(topic: Topic, partition: i32) -> String {
    format!("{topic}/{partition}")
}
