//! What was decided, and by which features.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Result;
use fraud_scoring::{
    domain::Judged,
    replay::Replay,
    vector::{DEFINITION, LEN},
};
use orderflow::{events::Order, topics::FRAUD};
use uuid::Uuid;

use crate::{
    connection::Connection,
    log::{Decoder, Entry, Judgement, read as read_topics},
};

/// The reasons that labels of earlier orders give begin with this.
const RAISED: &str = "known_fraud_";

/// An order, and the first decision on it.
#[derive(Debug, Clone)]
pub struct Past {
    /// The order.
    pub order: Arc<Order>,
    /// The event that it came by.
    pub event: Uuid,
    /// What its score decided; what a review says later is not the score's word.
    pub judged: Judged,
}

impl Past {
    /// Whether labels of earlier orders lie on top of its score.
    pub fn is_raised(&self) -> bool {
        self.judged.decision.reasons.iter().any(|reason| reason.code.starts_with(RAISED))
    }

    /// Why it was decided so.
    pub fn codes(&self) -> BTreeSet<String> {
        self.judged.decision.reasons.iter().map(|reason| reason.code.clone()).collect()
    }

    fn has_todays_features(&self) -> bool {
        let decision = &self.judged.decision;
        decision.features_definition == DEFINITION.cast_signed() && decision.features.0.len() == LEN
    }
}

/// Every order's first decision, in the sequence in which they were made.
pub async fn read(connection: &Connection, decoder: &Decoder) -> Result<Vec<Past>> {
    let entries = read_topics(&connection.kafka_config(), &connection.names(), &[FRAUD], false).await?;
    decoder.learn(&entries).await?;
    let mut first = BTreeMap::new();
    for entry in &entries {
        if let Some(past) = past(decoder, entry)? {
            first.entry(past.order.order_id).or_insert(past);
        }
    }
    let mut history: Vec<Past> = first.into_values().collect();
    history.sort_by_key(|one| (one.judged.decision.decided_at, one.event));
    Ok(history)
}

/// What its score decided on an order.
fn past(decoder: &Decoder, entry: &Entry) -> Result<Option<Past>> {
    let by_score = Judgement::of(entry, decoder)?.filter(|found| found.decision.reviewer.is_none());
    Ok(by_score.map(|Judgement { order, decision, review }| Past {
        order,
        event: entry.envelope.causation_id.unwrap_or(entry.envelope.id),
        judged: Judged { decision, review, shadow: None },
    }))
}

/// Makes the features of decisions by another definition again, from all orders before each; says how many.
pub fn renew(history: &mut [Past], small: i64) -> usize {
    if history.iter().all(Past::has_todays_features) {
        return 0;
    }
    let mut replay = Replay::new(small);
    let mut renewed = 0;
    for one in history {
        let vector = replay.vector(one.event, &one.order);
        if !one.has_todays_features() {
            one.judged.decision.features.0 = vector.to_vec();
            renewed += 1;
        }
    }
    renewed
}
