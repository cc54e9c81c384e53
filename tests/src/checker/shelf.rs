//! What Redis says is on the shelf.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use redis::AsyncCommands;

/// Units of one SKU: on hand, and how many of them are reserved.
pub type Level = (i64, i64);

/// The levels in the live generation of inventory's state. None at all when that has no generation.
///
/// # Errors
/// When Redis does not answer.
pub(super) async fn read(url: &str, prefix: &str) -> Result<BTreeMap<String, Level>> {
    let mut redis = redis::Client::open(url)?.get_multiplexed_async_connection().await.context("Redis")?;
    let root = format!("{prefix}inventory:");
    let generation: Option<String> = redis.get(format!("{root}generation")).await?;
    let Some(generation) = generation else { return Ok(BTreeMap::new()) };
    let start = format!("{root}g{generation}:stock:");
    let mut keys: Vec<String> = Vec::new();
    let mut found = redis.scan_match::<_, String>(format!("{start}*")).await?;
    while let Some(key) = found.next_item().await {
        keys.push(key?);
    }
    drop(found);
    let mut levels = BTreeMap::new();
    for key in keys {
        let (on_hand, reserved): (Option<i64>, Option<i64>) =
            redis.hmget(&key, &["on_hand", "reserved"]).await?;
        let sku = key.strip_prefix(&start).unwrap_or(&key).to_owned();
        levels.insert(sku, (on_hand.unwrap_or_default(), reserved.unwrap_or_default()));
    }
    Ok(levels)
}
