//! Chance by the seed: each who draws has dice of its own, so that what one draws does not depend on how often others do.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// Dice by a seed and a name.
pub struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The dice of `name` in the run of this seed.
    #[must_use]
    pub fn of(seed: u64, name: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, name).hash(&mut hasher);
        Self(Xoshiro256PlusPlus::seed_from_u64(hasher.finish()))
    }

    /// From `least` to `most`, both possible.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most)
    }

    /// A time from `least` to `most` milliseconds.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// Yes in so many of a hundred cases.
    pub fn percent(&mut self, share: u64) -> bool {
        self.between(1, 100) <= share
    }

    /// One of these; `None` of none.
    pub fn one<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        let last = all.len().checked_sub(1)?;
        all.get(usize::try_from(self.between(0, last as u64)).unwrap_or(0))
    }
}
