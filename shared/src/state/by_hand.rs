//! What an operator asks of a service's state from outside: how it stands, and to have it rebuilt.

use std::time::Duration;

use redis::AsyncCommands;

use super::{State, rebuild::Progress};
use crate::fault::Fault;

/// How a service's state stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The live generation; none after a loss, and while it is rebuilt.
    pub generation: Option<u64>,
    /// Who rebuilds it just now.
    pub rebuilding: Option<Rebuilding>,
}

/// A rebuild that is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilding {
    /// The instance that does it; empty in its first moment.
    pub instance: String,
    /// Records it has folded.
    pub folded: u64,
    /// Of about so many.
    pub expected: u64,
}

impl State {
    /// How it stands in Redis, whatever this process believes.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn standing(&self) -> Result<Standing, Fault> {
        let names = [self.root_key("generation"), self.root_key("rebuild"), self.root_key("progress")];
        let [generation, lease, progress] = names;
        type Told = (Option<String>, Option<u64>, Option<u64>);
        let (generation, lease, told): (Option<u64>, Option<String>, Told) = redis::pipe()
            .get(generation)
            .get(lease)
            .cmd("HMGET")
            .arg(progress)
            .arg(&["instance", "folded", "expected"])
            .query_async(&mut self.redis.clone())
            .await?;
        let rebuilding = lease.map(|_| Rebuilding {
            instance: told.0.unwrap_or_default(),
            folded: told.1.unwrap_or_default(),
            expected: told.2.unwrap_or_default(),
        });
        Ok(Standing { generation, rebuilding })
    }

    /// Has the service rebuild its state, by taking the live generation away: from here on every effect fails closed, and
    /// the first instance that notices rebuilds. Says whether that generation was the live one still.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn have_rebuilt(&self, generation: u64) -> Result<bool, Fault> {
        let taken = redis::Script::new(
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('DEL', KEYS[1])",
        );
        let key = self.root_key("generation");
        Ok(taken.key(key).arg(generation).invoke_async(&mut self.redis.clone()).await?)
    }

    /// Tells how far a rebuild is, for whoever waits for it.
    pub(super) async fn tell(&self, instance: &str, told: &Progress, life: Duration) -> Result<(), Fault> {
        let (key, mut redis) = (self.root_key("progress"), self.redis.clone());
        let fields = [
            ("instance", instance.to_owned()),
            ("folded", told.folded().to_string()),
            ("expected", told.expected().to_string()),
        ];
        let () = redis.hset_multiple(&key, &fields).await?;
        let life = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        Ok(redis.pexpire(&key, life).await?)
    }
}
