//! A state beside the live one, below the same service's prefix or on a Redis of its own: the log is folded into it, and
//! no service ever looks at it. A lease keeps it; what a process has left that was cut off goes with the next one.

use std::time::Duration;

use redis::{AsyncCommands, aio::ConnectionManager};
use uuid::Uuid;

use super::{Guard, State, keys::page, unlink};
use crate::fault::Fault;

/// How often a sign of life is given while something lasts.
const SIGN: Duration = Duration::from_secs(30);
/// How long it is kept without a sign of life.
const LEASE: Duration = Duration::from_secs(300);
/// It has one generation only.
const ONLY: u64 = 0;

/// A state beside the live one.
pub struct Beside {
    state: State,
}

impl Beside {
    /// An empty one on this Redis. `root` is the service's key prefix.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn open(redis: ConnectionManager, root: &str) -> Result<Self, Fault> {
        Self::tidy(redis.clone(), root).await?;
        let lease = Uuid::new_v4().simple().to_string();
        let state = State::new(redis, format!("{root}beside:{lease}:"));
        state.seen().guard = Guard::Building { generation: ONLY, lease };
        let beside = Self { state };
        beside.keep().await?;
        Ok(beside)
    }

    /// The state: scripts run on it as on the live one.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// A sign of life: to be given at least every few minutes.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn keep(&self) -> Result<(), Fault> {
        let lease = match &self.state.seen().guard {
            Guard::Building { lease, .. } => lease.clone(),
            Guard::Unknown | Guard::Live(_) => return Ok(()),
        };
        Ok(self.state.redis().set_ex(self.state.root_key("rebuild"), lease, LEASE.as_secs()).await?)
    }

    /// Waits for this, and gives signs of life meanwhile.
    ///
    /// # Errors
    /// Those of `work`; `Transient` when Redis does not answer.
    pub async fn keep_during<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut signs = tokio::time::interval(SIGN);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = signs.tick() => self.keep().await?,
            }
        }
    }

    /// Removes it.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn close(self) -> Result<(), Fault> {
        unlink(&mut self.state.redis(), &format!("{}*", self.state.root), |_| true).await
    }

    /// Removes those whose lease has ended.
    async fn tidy(mut redis: ConnectionManager, root: &str) -> Result<(), Fault> {
        let stem = format!("{root}beside:");
        let (mut cursor, mut kept) = (0, std::collections::BTreeMap::<String, bool>::new());
        loop {
            let (next, keys) = page(&mut redis, &format!("{stem}*"), cursor).await?;
            for key in keys.iter().filter_map(|key| std::str::from_utf8(key).ok()) {
                let lease = key.strip_prefix(&stem).and_then(|rest| rest.split(':').next());
                let Some(lease) = lease.map(str::to_owned) else { continue };
                let is_kept = match kept.get(&lease) {
                    Some(known) => *known,
                    None => redis.exists(format!("{stem}{lease}:rebuild")).await?,
                };
                kept.insert(lease, is_kept);
                if !is_kept {
                    let () = redis.unlink(key).await?;
                }
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}
