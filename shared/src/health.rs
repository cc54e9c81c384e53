//! Whether a service is alive and ready, as the loop knows it and the operator endpoints tell it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Shared between the loop and the operator endpoints.
#[derive(Debug, Clone, Default)]
pub struct Health {
    concerns: Arc<Mutex<BTreeMap<&'static str, String>>>,
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
        self.concerns.lock().unwrap_or_else(PoisonError::into_inner).insert(name, what.into());
    }

    /// Says that it no longer does.
    pub fn settled(&self, name: &'static str) {
        self.concerns.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// What stands in the way; empty when ready.
    #[must_use]
    pub fn concerns(&self) -> BTreeMap<&'static str, String> {
        self.concerns.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
