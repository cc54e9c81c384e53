//! Unwrapped keys in memory, for a while.

use std::{hash::Hash, time::Duration};

use moka::sync::Cache;
use uuid::Uuid;

use super::DataKey;

/// How many keys, and for how long.
const KEPT: (u64, Duration) = (10_000, Duration::from_secs(600));
/// How many erased ids are remembered, as long as keys are.
const ERASED: u64 = 100_000;

/// Keys by what they are asked for with (a customer, or a customer and a key id), each with its own id.
///
/// A key may be read from Redis just before its tombstone comes, and arrive here just after. So the ids that were erased
/// of late are kept too: whoever forgets a key notes that first, whoever keeps one looks there last.
#[derive(Clone)]
pub(super) struct Memory<K> {
    keys: Cache<K, (Uuid, DataKey)>,
    erased: Cache<Uuid, ()>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Memory<K> {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            keys: Cache::builder().max_capacity(KEPT.0).time_to_live(KEPT.1).build(),
            erased: Cache::builder().max_capacity(ERASED).time_to_live(KEPT.1).build(),
        }
    }

    /// The key, when it is here.
    pub(super) fn get(&self, name: &K) -> Option<(Uuid, DataKey)> {
        self.keys.get(name)
    }

    /// Keeps a key; false when it was erased meanwhile, and must not be used.
    #[must_use]
    pub(super) fn keep(&self, name: K, key_id: Uuid, key: DataKey) -> bool
    where
        K: Clone,
    {
        self.keys.insert(name.clone(), (key_id, key));
        let erased = self.erased.contains_key(&key_id);
        if erased {
            self.drop_key(&name, key_id);
        }
        !erased
    }

    /// Forgets the key with this id: it is erased. Another key of the same name stays.
    pub(super) fn forget(&self, name: &K, key_id: Uuid) {
        self.erased.insert(key_id, ());
        self.drop_key(name, key_id);
    }

    fn drop_key(&self, name: &K, key_id: Uuid) {
        if self.keys.get(name).is_some_and(|(id, _)| id == key_id) {
            self.keys.invalidate(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_after_its_tombstone_is_not_kept() {
        let memory = Memory::new();
        let key = || DataKey::new(&[1; 32]).unwrap();
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(memory.keep("c1", first, key()));
        assert_eq!(memory.get(&"c1").unwrap().0, first);
        memory.forget(&"c1", first);
        assert!(memory.get(&"c1").is_none());
        assert!(!memory.keep("c1", first, key()), "read before, kept after");
        assert!(memory.get(&"c1").is_none());
        assert!(memory.keep("c1", second, key()));
        memory.forget(&"c1", first);
        assert_eq!(memory.get(&"c1").unwrap().0, second, "another key of the customer stays");
    }
}
