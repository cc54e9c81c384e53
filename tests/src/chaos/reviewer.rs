//! The person who decides about orders held for review, until the shop is closed.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{customers::doors, dice::Dice, evidence::Sent, ground::Ground};

const GLANCE: Duration = Duration::from_secs(1);

/// Looks at the queue of either desk, and decides whatever is in it; never ends.
pub async fn review(ground: Arc<Ground>, seed: u64) {
    let mut dice = Dice::of(seed, "reviewer");
    loop {
        let desks = doors(&ground.environment, "order-status");
        if let Some(desk) = dice.one(&desks) {
            for order in queue(&ground, desk).await {
                decide(&ground, desk, order, &mut dice).await;
            }
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn queue(ground: &Ground, desk: &str) -> Vec<Uuid> {
    let Ok(answer) = ground.http.get(format!("{desk}/reviews")).send().await else { return Vec::new() };
    let queue: Value = answer.json().await.unwrap_or_default();
    let held = queue["reviews"].as_array().cloned().unwrap_or_default();
    held.iter().filter_map(|held| held["order_id"].as_str()?.parse().ok()).collect()
}

async fn decide(ground: &Ground, desk: &str, order: Uuid, dice: &mut Dice) {
    let decision = if dice.percent(70) { "approve" } else { "reject" };
    let body = json!({ "decision": decision, "reviewer": "dana", "reason": "a look" });
    let post = ground.http.post(format!("{desk}/reviews/{order}"));
    ground.journal.send(Sent::Reviewed { order }, "", post, body.to_string().into_bytes()).await;
}
