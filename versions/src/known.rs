//! What the topics say of the model's versions.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use orderflow::{
    events::{
        DriftDetected, ModelPromoted, ModelPublished, ModelRolledBack, ModelState, ModelVersion, Record,
    },
    topics::{MODELS, MODELS_STATE},
};
use orderflow_letters::Access;
use orderflow_log::{Decoder, read};
use serde_json::{Value, json};

use crate::{MODEL, Refusal, change::nothing_yet};

/// Everything there is to know now.
#[derive(Debug)]
pub struct Known {
    /// Every version that was published, the oldest first.
    pub published: Vec<ModelPublished>,
    /// Which of them serve. Its revision is 0 when nobody has changed anything yet.
    pub state: ModelState,
    /// Since when what is live is live; none of what the service is set up with.
    pub live_since: Option<Timestamp>,
    /// The last that was told of each version's drift.
    pub drift: BTreeMap<String, DriftDetected>,
}

impl Known {
    /// Reads both topics to their ends.
    ///
    /// # Errors
    /// When Kafka or the registry does not answer, or a record cannot be read.
    pub async fn read(access: &Access) -> Result<Self> {
        let decoder = Decoder::new(access.registry.clone());
        let topics = [MODELS, MODELS_STATE];
        let entries = read(&access.config, &access.names, &topics, false).await?;
        decoder.learn(&entries).await?;
        let mut known = Self {
            published: Vec::new(),
            state: nothing_yet(MODEL),
            live_since: None,
            drift: BTreeMap::new(),
        };
        for entry in entries.iter().filter(|entry| entry.key == MODEL) {
            if ModelPublished::is_named(&entry.envelope.kind) {
                known.published.extend(decoder.decode(entry)?);
            } else if ModelPromoted::is_named(&entry.envelope.kind)
                || ModelRolledBack::is_named(&entry.envelope.kind)
            {
                known.live_since = Some(entry.envelope.time);
            } else if let Some(drift) = decoder.decode::<DriftDetected>(entry)? {
                known.drift.insert(drift.version.clone(), drift);
            } else if let Some(state) = decoder.decode(entry)? {
                known.state = state;
            }
        }
        Ok(known)
    }

    /// The version of this name.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when it is not published.
    pub fn version(&self, version: &str) -> Result<&ModelPublished> {
        let found = self.published.iter().find(|published| published.version.version == version);
        Ok(found.ok_or_else(|| Refusal::Unknown(version.to_owned()))?)
    }

    /// What a version does now, in a word or two.
    #[must_use]
    pub fn does(&self, version: &ModelVersion) -> String {
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
#[must_use]
pub fn trial(state: &ModelState) -> String {
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
#[must_use]
pub fn name(version: Option<&ModelVersion>) -> &str {
    version.map_or("the one the service is set up with", |version| version.version.as_str())
}

/// The state for machines.
#[must_use]
pub fn state_json(state: &ModelState) -> Value {
    let version = |version: &Option<ModelVersion>| json!(version.as_ref().map(|version| &version.version));
    json!({
        "model": state.model, "revision": state.revision, "on": state.on, "live": version(&state.live),
        "previous": version(&state.previous), "can_roll_back": state.can_roll_back,
        "candidate": version(&state.candidate), "mode": state.mode, "share": state.share,
        "changed_by": state.changed_by, "reason": state.reason, "changed_at": state.changed_at,
    })
}

/// What was published, for machines.
#[must_use]
pub fn published_json(published: &ModelPublished, does: &str) -> Value {
    json!({
        "version": published.version.version, "state": does, "folder": published.version.folder,
        "manifest_sha256": published.version.manifest_sha256, "files": published.files,
        "features_definition": published.features_definition, "published_by": published.published_by,
        "reason": published.reason, "published_at": published.published_at,
    })
}
