//! Scores of a moment ago, for an order that comes again before its decision is kept: its batch is repeated when Redis
//! or Kafka falter. Nothing decides on a score that has expired, however it came to be here.

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use orderflow::{clock::Clock, metrics};
use orderflow_model::Sha256;
use uuid::Uuid;

use crate::{
    model::Version,
    scorer::{Score, Seen},
    vector::LEN,
};

/// How many are kept: some 5 MB. The least used go first.
const KEPT: u64 = 10_000;

/// Which prediction it is: of another version, or by other features, it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    order_id: Uuid,
    /// Of its manifest: a name may come back with other trees.
    version: Sha256,
    vector: [u32; LEN],
}

/// What versions have said of orders.
#[derive(Clone)]
pub struct Predictions {
    kept: Cache<Key, Score>,
    valid_for: SignedDuration,
    clock: Clock,
}

impl Predictions {
    /// None yet; each is valid for so long by this clock.
    #[must_use]
    pub fn new(valid_for: SignedDuration, clock: Clock) -> Self {
        Self { kept: Cache::new(KEPT), valid_for, clock }
    }

    /// What this version has said of this order by the same features, while that is valid.
    #[must_use]
    pub fn find(&self, version: &Version, seen: &Seen) -> Option<Score> {
        let key = key(version, seen);
        let score = self.kept.get(&key);
        let valid = |score: &Score| score.valid_until.is_some_and(|until| self.clock.now() < until);
        let found = score.as_ref().is_some_and(valid);
        let word = if found { "true" } else { "false" };
        ::metrics::counter!(metrics::CACHE_LOOKUPS, "cache" => "predictions", "found" => word).increment(1);
        let score = score?;
        if found {
            ::metrics::counter!(metrics::MODEL_PREDICTIONS_REUSED).increment(1);
            return Some(score);
        }
        self.kept.invalidate(&key);
        None
    }

    /// Keeps what this version says now, and says until when it is valid.
    pub fn keep(&self, version: &Version, seen: &Seen, score: Score) -> Score {
        // The sum fails only for spans of calendar units, which this is not.
        let until = self.clock.now().saturating_add(self.valid_for).unwrap_or(Timestamp::MIN);
        let score = Score { valid_until: Some(until), ..score };
        self.kept.insert(key(version, seen), score.clone());
        score
    }
}

fn key(version: &Version, seen: &Seen) -> Key {
    Key { order_id: seen.order_id, version: version.fingerprint, vector: seen.vector.map(f32::to_bits) }
}
