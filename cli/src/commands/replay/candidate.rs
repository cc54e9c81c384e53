//! What the candidate says of the same orders.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use fraud_scoring::{
    domain::Policy,
    features::Features,
    model::{Opener, Version},
    scorer::Seen,
    shadow::Shadow,
    vector::LEN,
};
use jiff::SignedDuration;
use orderflow::events::ShadowScored;
use orderflow_model::{Choice, Engines};
use orderflow_versions::numbers::outcome;
use serde::Serialize;
use uuid::Uuid;

use super::{Past, Replay};
use crate::commands::models::fetched;

/// Orders a run.
const BATCH: usize = 256;
/// A candidate decides by its own thresholds.
const OWN: Policy = Policy { threshold: None, hold_threshold: None, review_time: SignedDuration::ZERO };

/// An order whose decision would have been another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The order.
    pub order_id: Uuid,
    /// What was decided.
    pub decided: String,
    /// By this score.
    pub decided_score: f64,
    /// What the candidate would have decided.
    pub would_be: &'static str,
    /// By this score.
    pub score: f64,
    /// Codes of the reasons it gives, heaviest first.
    pub reasons: Vec<String>,
}

/// Opens and verifies the candidate.
pub async fn open(replay: &Replay, model: &str) -> Result<Version> {
    let folder = Path::new(model);
    let kept = tempfile::tempdir()?;
    let folder = if folder.is_dir() {
        folder.to_owned()
    } else {
        let store = replay.model_store.as_ref();
        let store = store.with_context(|| {
            format!(
                "{model} is no folder; for a published version --model-store says where versions are kept"
            )
        })?;
        fetched(&replay.connection, store, model, kept.path()).await?
    };
    let engines = Engines::find(Choice::Auto, replay.onnxruntime.as_deref())?;
    let opened = tokio::task::spawn_blocking(move || {
        // What was fetched is read once, and may go then.
        let _kept = kept;
        let opened = Opener { engines, hold: None }.open(&folder, None);
        opened.with_context(|| format!("the model in {} cannot be used", folder.display()))
    });
    opened.await?
}

/// What it would have said, by order.
pub fn score(version: &Version, history: &[Past]) -> Result<BTreeMap<Uuid, ShadowScored>> {
    let mut scored = BTreeMap::new();
    for batch in history.chunks(BATCH) {
        let seen = batch.iter().map(seen).collect::<Result<Vec<Seen>>>()?;
        let run = version.score(&seen.iter().collect::<Vec<_>>())?;
        let micros = run.took.as_secs_f64() * 1e6 / batch.len() as f64;
        for (one, score) in batch.iter().zip(&run.scores) {
            let order_id = one.order.order_id;
            let said = Shadow::of(score, micros, &OWN).scored(order_id, one.event, &one.judged);
            scored.insert(order_id, said);
        }
    }
    Ok(scored)
}

/// A model looks at the vector and at nothing else.
fn seen(one: &Past) -> Result<Seen> {
    let features = &one.judged.decision.features.0;
    let vector = <[f32; LEN]>::try_from(features.as_slice()).with_context(|| {
        format!("order {} has {} features, not {LEN}", one.order.order_id, features.len())
    })?;
    let (order_id, customer_id) = (one.order.order_id, one.order.customer_id.clone());
    Ok(Seen { features: Features::default(), vector, customer_id, order_id, placed_at: one.order.placed_at })
}

/// The orders it would have decided otherwise, those whose score has moved most first.
pub fn changed(scored: &BTreeMap<Uuid, ShadowScored>) -> Vec<Changed> {
    let others = scored.values().filter(|one| outcome(one) != one.decided_outcome);
    let mut changed: Vec<Changed> = others
        .map(|one| Changed {
            order_id: one.order_id,
            decided: one.decided_outcome.clone(),
            decided_score: one.decided_score,
            would_be: outcome(one),
            score: one.score,
            reasons: one.reasons.iter().map(|reason| reason.code.clone()).collect(),
        })
        .collect();
    let moved = |one: &Changed| (one.score - one.decided_score).abs();
    changed.sort_by(|a, b| moved(b).total_cmp(&moved(a)));
    changed
}
