//! What the topics say of the model's versions.

use anyhow::{Context, Result};
use orderflow::{
    events::{ModelPublished, ModelState, ModelVersion, Record},
    topics::{MODELS, MODELS_STATE},
};
use serde_json::{Value, json};

use super::{MODEL, change::nothing_yet};
use crate::{
    connection::Connection,
    log::{Decoder, read},
};

/// Everything there is to know now.
#[derive(Debug)]
pub(super) struct Known {
    /// Every version that was published, the oldest first.
    pub published: Vec<ModelPublished>,
    /// Which of them serve. Its revision is 0 when nobody has changed anything yet.
    pub state: ModelState,
}

impl Known {
    /// Reads both topics to their ends.
    pub(super) async fn read(connection: &Connection) -> Result<Self> {
        let decoder = Decoder::new(connection.registry()?);
        let topics = [MODELS, MODELS_STATE];
        let entries = read(&connection.kafka_config(), &connection.names(), &topics, false).await?;
        decoder.learn(&entries).await?;
        let mut known = Self { published: Vec::new(), state: nothing_yet(MODEL) };
        for entry in entries.iter().filter(|entry| entry.key == MODEL) {
            if ModelPublished::is_named(&entry.envelope.kind) {
                known.published.extend(decoder.decode(entry)?);
            } else if let Some(state) = decoder.decode(entry)? {
                known.state = state;
            }
        }
        Ok(known)
    }

    /// The version of this name.
    pub(super) fn version(&self, version: &str) -> Result<&ModelPublished> {
        self.published.iter().find(|published| published.version.version == version).with_context(|| {
            format!("version {version:?} is not published: see `orderflow models list`, or publish it first")
        })
    }

    /// What a version does now, in a word or two.
    pub(super) fn does(&self, version: &ModelVersion) -> String {
        let state = &self.state;
        if state.live.as_ref() == Some(version) {
            return "live".to_owned();
        }
        if state.candidate.as_ref() == Some(version) {
            return trial(state);
        }
        let is_previous = state.can_roll_back && state.previous.as_ref() == Some(version);
        if is_previous { "previous".to_owned() } else { "published".to_owned() }
    }
}

/// How the candidate is tried: `shadow`, or `canary 5 %`.
pub(super) fn trial(state: &ModelState) -> String {
    match state.mode.as_str() {
        "canary" => format!("canary {} %", percent(state.share)),
        mode => mode.to_owned(),
    }
}

/// A share in percent, to two decimals at most.
fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 1e2
}

/// The name of a version that serves; `None` is the one that came with the service.
pub(super) fn name(version: Option<&ModelVersion>) -> &str {
    version.map_or("the one the service is set up with", |version| version.version.as_str())
}

/// The state for machines.
pub(super) fn state_json(state: &ModelState) -> Value {
    let version = |version: &Option<ModelVersion>| json!(version.as_ref().map(|version| &version.version));
    json!({
        "model": state.model, "revision": state.revision, "on": state.on, "live": version(&state.live),
        "previous": version(&state.previous), "can_roll_back": state.can_roll_back,
        "candidate": version(&state.candidate), "mode": state.mode, "share": state.share,
        "changed_by": state.changed_by, "reason": state.reason, "changed_at": state.changed_at,
    })
}

/// What was published, for machines.
pub(super) fn published_json(published: &ModelPublished, does: &str) -> Value {
    json!({
        "version": published.version.version, "state": does, "folder": published.version.folder,
        "manifest_sha256": published.version.manifest_sha256, "files": published.files,
        "features_definition": published.features_definition, "published_by": published.published_by,
        "reason": published.reason, "published_at": published.published_at,
    })
}
