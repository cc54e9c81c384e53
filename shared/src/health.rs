//! Whether a service is alive and ready, as the loop knows it and the operator endpoints tell it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Shared between the loop and the operator endpoints.
#[derive(Debug, Clone, Default)]
pub struct Health {
    concerns: Arc<Mutex<BTreeMap<&'static str, Concern>>>,
    beat: Arc<Mutex<Option<Instant>>>,
}

/// A loop that has not come round for longer than this hangs in a call: every call it makes has a shorter limit.
const HANGS: Duration = Duration::from_secs(120);

/// How far a service is ready: the worst of its concerns says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// It does all of its work.
    Ready,
    /// Part of its work waits for something outside; it does the rest, so send it work.
    Degraded,
    /// It does not work.
    NotReady,
}

#[derive(Debug)]
struct Concern {
    leaves: Readiness,
    what: String,
}

impl Health {
    /// A service that is starting.
    #[must_use]
    pub fn starting() -> Self {
        let health = Self::default();
        health.concern("starting", "waiting for Kafka, Redis and the schema registry");
        health
    }

    /// Says that something stands in the way of being ready.
    pub fn concern(&self, name: &'static str, what: impl Into<String>) {
        self.note(name, Readiness::NotReady, what.into());
    }

    /// Says that something stands in the way of part of the work.
    pub fn degraded(&self, name: &'static str, what: impl Into<String>) {
        self.note(name, Readiness::Degraded, what.into());
    }

    /// Says that it no longer does.
    pub fn settled(&self, name: &'static str) {
        self.concerns.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// How far the service is ready, and what stands in the way by name.
    #[must_use]
    pub fn readiness(&self) -> (Readiness, BTreeMap<&'static str, String>) {
        let concerns = self.concerns.lock().unwrap_or_else(PoisonError::into_inner);
        let worst = concerns.values().map(|concern| concern.leaves).max();
        let told = concerns.iter().map(|(name, concern)| (*name, concern.what.clone()));
        (worst.unwrap_or(Readiness::Ready), told.collect())
    }

    /// Says that the loop has come round.
    pub fn beat(&self) {
        *self.beat.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether the process is worth keeping: its loop, if it has one yet, comes round.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.lives_at(Instant::now())
    }

    fn lives_at(&self, now: Instant) -> bool {
        let beat = *self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        beat.is_none_or(|beat| now.saturating_duration_since(beat) < HANGS)
    }

    fn note(&self, name: &'static str, leaves: Readiness, what: String) {
        let concern = Concern { leaves, what };
        self.concerns.lock().unwrap_or_else(PoisonError::into_inner).insert(name, concern);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_no_longer_comes_round_is_not_live() {
        let (health, now) = (Health::default(), Instant::now());
        assert!(health.lives_at(now + 2 * HANGS), "it has not begun");
        health.beat();
        assert!(health.lives_at(now + HANGS / 2));
        assert!(!health.lives_at(now + 2 * HANGS));
    }

    #[test]
    fn the_worst_concern_says_how_far_a_service_is_ready() {
        let health = Health::default();
        assert_eq!(health.readiness().0, Readiness::Ready);
        health.degraded("gateway", "it is down");
        assert_eq!(health.readiness().0, Readiness::Degraded);
        health.concern("state", "it is rebuilt");
        let (readiness, concerns) = health.readiness();
        assert_eq!((readiness, concerns.len()), (Readiness::NotReady, 2));
        health.settled("state");
        assert_eq!(health.readiness().0, Readiness::Degraded);
        health.settled("gateway");
        assert_eq!(health.readiness().0, Readiness::Ready);
    }
}
