//! Whom and what an order names, as a label of it must: kept long after its timeline, since a chargeback comes months
//! later. For no answer but labels: none of it is ever shown.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    events::Order,
    fault::Fault,
    state::{Args, EffectScript, State},
};
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long after it was placed an order can be labelled here: card schemes give a customer 120 days to dispute, and banks
/// take their time.
pub const LIFE: SignedDuration = SignedDuration::from_hours(180 * 24);

static TAKE_NOTE: LazyLock<EffectScript> = LazyLock::new(|| {
    EffectScript::new(
        "for _ = 1, number() do redis.call('SET', P .. 'parties:' .. take(), take(), 'EX', take()) end",
    )
});

/// The customer, and keyed hashes of what the order names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    pub customer_id: String,
    pub card_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_hash: Option<String>,
    pub address_hash: String,
}

impl Parties {
    fn of(order: &Order) -> Self {
        Self {
            customer_id: order.customer_id.clone(),
            card_hash: order.card_hash.clone(),
            device_hash: order.device_hash.clone(),
            address_hash: order.address_hash.clone(),
        }
    }
}

/// Takes note of whom and what these orders name, in one call. Any number of times.
///
/// # Errors
/// As [`State::call`].
pub async fn take_note(state: &State, now: Timestamp, orders: &[&Order]) -> Result<(), Fault> {
    let left = |order: &Order| (LIFE - now.duration_since(order.placed_at)).as_secs();
    let orders: Vec<(&Order, i64)> =
        orders.iter().map(|order| (*order, left(order))).filter(|(_, left)| *left > 0).collect();
    if orders.is_empty() {
        return Ok(());
    }
    let mut args = Args::new();
    args.push(orders.len());
    for (order, left) in orders {
        let parties = serde_json::to_string(&Parties::of(order)).map_err(|error| {
            Fault::poison("timeline_entry", "whom an order names cannot be kept").caused_by(error)
        })?;
        args.push(order.order_id.to_string()).push(parties).push(left);
    }
    state.call(&TAKE_NOTE, args).await
}

/// Whom and what an order names; `None` where that is not known, or no longer.
///
/// # Errors
/// `Transient` when Redis does not answer; `Fatal` when it holds what this version did not write.
pub async fn of(state: &State, order_id: Uuid) -> Result<Option<Parties>, Fault> {
    let kept: Option<String> = state.redis().get(state.key(&format!("parties:{order_id}"))).await?;
    let read = |text: String| {
        serde_json::from_str(&text).map_err(|error| {
            let message = "whom an order names is not kept as this version writes it";
            Fault::fatal("timeline_unreadable", message).caused_by(error)
        })
    };
    kept.map(read).transpose()
}
