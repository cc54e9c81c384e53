//! What the topics say of a version that is tried.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use orderflow::{
    events::{FraudLabelled, ShadowScored},
    topics::{FRAUD, FRAUD_LABELS, FRAUD_SHADOW},
};
use uuid::Uuid;

use super::{super::MODEL, Numbers};
use crate::{
    connection::Connection,
    log::{Decoder, Judgement, read},
};

/// What was scored, and why the same orders were decided as they were.
#[derive(Debug, Default)]
pub(in crate::commands) struct Evidence {
    /// One for each order.
    pub scored: BTreeMap<Uuid, ShadowScored>,
    /// The codes of the reasons behind what was decided, by order; only orders that were scored.
    pub decided_for: BTreeMap<Uuid, BTreeSet<String>>,
    /// Whether they were fraud, as was learned since; only orders that were scored.
    pub labels: BTreeMap<Uuid, bool>,
}

impl Numbers {
    /// Those of a version, from the topics.
    pub(in super::super) async fn read(connection: &Connection, version: &str) -> Result<Self> {
        let decoder = Decoder::new(connection.registry()?);
        let (config, names) = (connection.kafka_config(), connection.names());
        let mut evidence = Evidence::default();
        let entries = read(&config, &names, &[FRAUD_SHADOW], false).await?;
        decoder.learn(&entries).await?;
        for entry in &entries {
            let Some(scored) = decoder.decode::<ShadowScored>(entry)? else { continue };
            if scored.model == MODEL && scored.version == version {
                evidence.scored.insert(scored.order_id, scored);
            }
        }
        if evidence.scored.is_empty() {
            return Ok(Self::of(&evidence));
        }
        let mut entries = read(&config, &names, &[FRAUD], false).await?;
        entries.retain(|entry| entry.order_id().is_some_and(|id| evidence.scored.contains_key(&id)));
        decoder.learn(&entries).await?;
        for entry in &entries {
            if let Some(Judgement { order, decision, .. }) = Judgement::of(entry, &decoder)? {
                // The first is by the score; what a review says later has the same reasons.
                let codes = || decision.reasons.iter().map(|reason| reason.code.clone()).collect();
                evidence.decided_for.entry(order.order_id).or_insert_with(codes);
            }
        }
        evidence.labels = labels(connection, &decoder, &evidence.scored).await?;
        Ok(Self::of(&evidence))
    }
}

/// Whether orders were fraud.
pub(in crate::commands) async fn labels(
    connection: &Connection,
    decoder: &Decoder,
    scored: &BTreeMap<Uuid, ShadowScored>,
) -> Result<BTreeMap<Uuid, bool>> {
    let labels = newest_labels(connection, decoder, |order| scored.contains_key(&order)).await?;
    Ok(labels.into_iter().map(|(order_id, label)| (order_id, label.fraud)).collect())
}

/// The newest label of each of these orders: it counts, as it does in fraud-scoring.
pub(in crate::commands) async fn newest_labels(
    connection: &Connection,
    decoder: &Decoder,
    is_wanted: impl Fn(Uuid) -> bool,
) -> Result<BTreeMap<Uuid, FraudLabelled>> {
    let mut entries = read(&connection.kafka_config(), &connection.names(), &[FRAUD_LABELS], false).await?;
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
