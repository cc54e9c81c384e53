//! What the topics say of a version that is tried.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use orderflow::{
    events::{
        FraudDecision, FraudLabelled, OrderFraudDetected, OrderHeldForReview, OrderValidatedForFraud,
        ShadowScored,
    },
    topics::{FRAUD, FRAUD_LABELS, FRAUD_SHADOW},
};
use orderflow_letters::Access;
use orderflow_log::{Decoder, Entry, read};
use uuid::Uuid;

use crate::{MODEL, Numbers};

/// What was scored, and why the same orders were decided as they were.
#[derive(Debug, Default)]
pub struct Evidence {
    /// One for each order.
    pub scored: BTreeMap<Uuid, ShadowScored>,
    /// The codes of the reasons behind what was decided, by order; only orders that were scored.
    pub decided_for: BTreeMap<Uuid, BTreeSet<String>>,
    /// Whether they were fraud, as was learned since; only orders that were scored.
    pub labels: BTreeMap<Uuid, bool>,
}

impl Numbers {
    /// Those of a version by its scores alone: all that a gate asks after, without reading every decision.
    ///
    /// # Errors
    /// When Kafka or the registry does not answer, or a record cannot be read.
    pub async fn of_scores(access: &Access, version: &str) -> Result<Self> {
        let decoder = Decoder::new(access.registry.clone());
        let scored = scored(access, &decoder, version).await?;
        Ok(Self::of(&Evidence { scored, ..Evidence::default() }))
    }

    /// Those of a version, from the topics.
    ///
    /// # Errors
    /// When Kafka or the registry does not answer, or a record cannot be read.
    pub async fn read(access: &Access, version: &str) -> Result<Self> {
        let decoder = Decoder::new(access.registry.clone());
        let mut evidence =
            Evidence { scored: scored(access, &decoder, version).await?, ..Evidence::default() };
        if evidence.scored.is_empty() {
            return Ok(Self::of(&evidence));
        }
        let mut entries = read(&access.config, &access.names, &[FRAUD], false).await?;
        entries.retain(|entry| entry.order_id().is_some_and(|id| evidence.scored.contains_key(&id)));
        decoder.learn(&entries).await?;
        for entry in &entries {
            if let Some((order_id, decision)) = decision(entry, &decoder)? {
                // The first is by the score; what a review says later has the same reasons.
                let codes = || decision.reasons.iter().map(|reason| reason.code.clone()).collect();
                evidence.decided_for.entry(order_id).or_insert_with(codes);
            }
        }
        evidence.labels = labels(access, &decoder, &evidence.scored).await?;
        Ok(Self::of(&evidence))
    }
}

/// Every order a version has scored while it was tried.
async fn scored(access: &Access, decoder: &Decoder, version: &str) -> Result<BTreeMap<Uuid, ShadowScored>> {
    let entries = read(&access.config, &access.names, &[FRAUD_SHADOW], false).await?;
    decoder.learn(&entries).await?;
    let mut all = BTreeMap::new();
    for entry in &entries {
        let Some(scored) = decoder.decode::<ShadowScored>(entry)? else { continue };
        if scored.model == MODEL && scored.version == version {
            all.insert(scored.order_id, scored);
        }
    }
    Ok(all)
}

/// The decision on an order, of a record that tells of one.
fn decision(entry: &Entry, decoder: &Decoder) -> Result<Option<(Uuid, FraudDecision)>> {
    if let Some(event) = decoder.decode::<OrderValidatedForFraud>(entry)? {
        return Ok(Some((event.order.order_id, event.decision)));
    }
    if let Some(event) = decoder.decode::<OrderFraudDetected>(entry)? {
        return Ok(Some((event.order.order_id, event.decision)));
    }
    let held = decoder.decode::<OrderHeldForReview>(entry)?;
    Ok(held.map(|event| (event.order.order_id, event.decision)))
}

/// Whether orders were fraud.
///
/// # Errors
/// When Kafka or the registry does not answer, or a record cannot be read.
pub async fn labels(
    access: &Access,
    decoder: &Decoder,
    scored: &BTreeMap<Uuid, ShadowScored>,
) -> Result<BTreeMap<Uuid, bool>> {
    let labels = newest_labels(access, decoder, |order| scored.contains_key(&order)).await?;
    Ok(labels.into_iter().map(|(order_id, label)| (order_id, label.fraud)).collect())
}

/// The newest label of each of these orders: it counts, as it does in fraud-scoring.
///
/// # Errors
/// When Kafka or the registry does not answer, or a record cannot be read.
pub async fn newest_labels(
    access: &Access,
    decoder: &Decoder,
    is_wanted: impl Fn(Uuid) -> bool,
) -> Result<BTreeMap<Uuid, FraudLabelled>> {
    let mut entries = read(&access.config, &access.names, &[FRAUD_LABELS], false).await?;
    entries.retain(|entry| entry.order_id().is_some_and(&is_wanted));
    decoder.learn(&entries).await?;
    let mut newest: BTreeMap<Uuid, (Uuid, FraudLabelled)> = BTreeMap::new();
    for entry in &entries {
        let Some(label) = decoder.decode::<FraudLabelled>(entry)? else { continue };
        let event = entry.envelope.id;
        let is_older =
            |(id, kept): &(Uuid, FraudLabelled)| (kept.labelled_at, *id) < (label.labelled_at, event);
        if newest.get(&label.order_id).is_none_or(is_older) {
            newest.insert(label.order_id, (event, label));
        }
    }
    Ok(newest.into_iter().map(|(order_id, (_, label))| (order_id, label)).collect())
}
