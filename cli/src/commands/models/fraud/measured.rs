//! What the training answers: how each method did on the test window, of a simulation or of the shop's own orders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name of the trained model among the methods.
pub(super) const MODEL: &str = "model";

/// One test window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Orders of the test window.
    pub orders: u64,
    /// Those of them that are fraud.
    pub fraud: u64,
    /// By which scores the model decides.
    pub thresholds: Thresholds,
    /// Above which amount the tuned rule speaks, minor units.
    pub tuned_limit: i64,
    /// By name.
    pub methods: BTreeMap<String, Method>,
}

/// When a score decides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Thresholds {
    /// Above it an order is refused.
    pub refuse: f64,
    /// From it on any other is held.
    pub hold: f64,
}

/// How a method did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Method {
    /// On all orders.
    pub with_delayed: Scores,
    /// On all but the fraud whose labels come after the training; only a simulation knows which that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_delayed: Option<Scores>,
    /// Share of the orders it holds.
    pub held_share: f64,
    /// What became of each scenario's orders; only a simulation knows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scenarios: BTreeMap<String, Fate>,
}

/// Numbers of a method. Precision and recall are of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the field's own names
pub(super) struct Scores {
    pub auc: f64,
    pub average_precision: f64,
    pub precision: f64,
    pub recall: f64,
    pub calibration_error: f64,
}

/// What became of a scenario's orders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Fate {
    /// How many there were.
    pub orders: u64,
    /// Share refused.
    pub refused: f64,
    /// Share refused or held.
    pub stopped: f64,
}

impl Method {
    /// Its numbers on all orders, or on all but the fraud whose labels come late, where that is known.
    pub fn scores(&self, with_delayed: bool) -> Option<&Scores> {
        if with_delayed { Some(&self.with_delayed) } else { self.without_delayed.as_ref() }
    }
}
