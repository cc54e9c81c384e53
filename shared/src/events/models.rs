//! `models`, `models.state` and `fraud.shadow`: which versions of a model there are, which of them serve, and what those
//! that are tried would have said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Reason, micros, record};

/// One file of a published model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelFile {
    pub name: String,
    pub sha256: String,
    pub bytes: i64,
}

/// A published version of a model, and where its files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelVersion {
    pub version: String,
    pub folder: String,
    pub manifest_sha256: String,
}

/// A version of a model was put into the model store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelPublished {
    pub model: String,
    pub version: ModelVersion,
    pub files: Vec<ModelFile>,
    pub features_definition: i32,
    pub published_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub published_at: Timestamp,
}

/// A version is tried beside the live one from now on, or none is any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelTrialled {
    pub model: String,
    pub version: Option<ModelVersion>,
    pub mode: String,
    pub share: f64,
    pub trialled_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub trialled_at: Timestamp,
}

/// A version is the live one from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelPromoted {
    pub model: String,
    pub version: ModelVersion,
    pub replaced: Option<ModelVersion>,
    pub forced: bool,
    pub gate: String,
    pub promoted_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub promoted_at: Timestamp,
}

/// The version that was live before is the live one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelRolledBack {
    pub model: String,
    pub version: Option<ModelVersion>,
    pub replaced: ModelVersion,
    pub rolled_back_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub rolled_back_at: Timestamp,
}

/// The model was switched off, or on again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelSwitched {
    pub model: String,
    pub on: bool,
    pub switched_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub switched_at: Timestamp,
}

/// A feature or the score of a version has moved away from what it was in training, further, or back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DriftDetected {
    pub model: String,
    pub version: String,
    pub instance: String,
    pub of: String,
    pub from: String,
    pub to: String,
    pub reason: String,
    pub psi: f64,
    pub ks: f64,
    pub limit: f64,
    pub switch_limit: f64,
    pub orders: i64,
    #[serde(with = "micros")]
    pub placed_from: Timestamp,
    #[serde(with = "micros")]
    pub placed_to: Timestamp,
    pub decides: String,
    #[serde(with = "micros")]
    pub detected_at: Timestamp,
}

/// Which versions of a model serve now, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModelState {
    pub model: String,
    pub revision: i64,
    pub on: bool,
    pub live: Option<ModelVersion>,
    pub previous: Option<ModelVersion>,
    pub can_roll_back: bool,
    pub candidate: Option<ModelVersion>,
    pub mode: String,
    pub share: f64,
    pub changed_by: String,
    pub reason: String,
    #[serde(with = "micros")]
    pub changed_at: Timestamp,
}

/// What a version that is tried would have said of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ShadowScored {
    pub order_id: Uuid,
    pub order_event_id: Uuid,
    pub model: String,
    pub version: String,
    pub engine: String,
    pub score: f64,
    pub threshold: f64,
    pub hold_threshold: f64,
    pub reasons: Vec<Reason>,
    pub micros: f64,
    pub decided_score: f64,
    pub decided_by: String,
    pub decided_version: String,
    pub decided_outcome: String,
    #[serde(with = "micros")]
    pub scored_at: Timestamp,
}

record!(ModelPublished on MODELS, key: |e| e.model.clone(), at: |e| e.published_at);
record!(ModelTrialled on MODELS, key: |e| e.model.clone(), at: |e| e.trialled_at);
record!(ModelPromoted on MODELS, key: |e| e.model.clone(), at: |e| e.promoted_at);
record!(ModelRolledBack on MODELS, key: |e| e.model.clone(), at: |e| e.rolled_back_at);
record!(ModelSwitched on MODELS, key: |e| e.model.clone(), at: |e| e.switched_at);
record!(DriftDetected on MODELS, key: |e| e.model.clone(), at: |e| e.detected_at);
record!(ModelState on MODELS_STATE, key: |e| e.model.clone(), at: |e| e.changed_at);
record!(ShadowScored on FRAUD_SHADOW, key: |e| e.order_id.to_string(), at: |e| e.scored_at);
