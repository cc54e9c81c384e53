//! The generations of a state: the live one, and the one under construction.

use std::sync::Arc;

use redis::AsyncCommands;

use crate::{
    fault::Fault,
    state::{Guard, State, unlink},
};

impl State {
    /// The same state under construction: scripts run on the next generation while the lease holds.
    pub(super) fn building(&self, generation: u64, lease: &str) -> State {
        let building = State::new(self.redis.clone(), Arc::clone(&self.root));
        building.seen().guard = Guard::Building { generation, lease: lease.to_owned() };
        building
    }

    pub(super) fn live_generation(&self) -> Option<u64> {
        match self.seen().guard {
            Guard::Live(generation) => Some(generation),
            Guard::Unknown | Guard::Building { .. } => None,
        }
    }

    pub(super) async fn current_generation(&self) -> Result<Option<u64>, Fault> {
        Ok(self.redis.clone().get(self.root_key("generation")).await?)
    }

    /// How the live generation is laid out: 1 where nobody has said.
    pub(super) async fn layout(&self) -> Result<u32, Fault> {
        let layout: Option<u32> = self.redis.clone().get(self.key("layout")).await?;
        Ok(layout.unwrap_or(1))
    }

    /// Makes a built generation the live one, if the lease still holds.
    pub(super) async fn switch(&self, lease: &str, generation: u64) -> Result<(), Fault> {
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
    pub(super) async fn forget_before(&self, generation: u64) -> Result<(), Fault> {
        let stem = format!("{}g", self.root);
        let is_old = |key: &[u8]| {
            let rest = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(&stem));
            let number = rest.and_then(|rest| rest.split(':').next()).and_then(|number| number.parse().ok());
            number.is_some_and(|number: u64| number < generation)
        };
        unlink(&mut self.redis.clone(), &format!("{stem}[0-9]*"), is_old).await
    }
}
