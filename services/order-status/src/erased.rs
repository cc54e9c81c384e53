//! Data keys that were erased: an order sealed with one of them belongs to nobody any more.

use std::{collections::HashMap, sync::LazyLock};

use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};
use redis::AsyncCommands;
use uuid::Uuid;

/// Key ids are kept for ever: an order's events may come long after its customer was erased.
static ERASE: LazyLock<EffectScript> = LazyLock::new(|| {
    EffectScript::new("for _ = 1, number() do redis.call('SADD', P .. 'erased', take()) end")
});

/// Takes note of erased data keys, in one call. Any number of times.
///
/// # Errors
/// As [`State::call`].
pub async fn take_note(state: &State, keys: &[Uuid]) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut args = Args::new();
    args.push(keys.len());
    for key in keys {
        args.push(key.to_string());
    }
    state.call(&ERASE, args).await
}

/// Of each order's fields in Redis, whether its data key was erased; `false` while the key is not known.
///
/// # Errors
/// `Transient` when Redis does not answer.
pub async fn are_erased(state: &State, orders: &[HashMap<String, String>]) -> Result<Vec<bool>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    // No data key has an empty id: an order whose key is not known is not in the set.
    let keys: Vec<&str> = orders.iter().map(|order| order.get("key_id").map_or("", String::as_str)).collect();
    Ok(state.redis().smismember(state.key("erased"), &keys).await?)
}
