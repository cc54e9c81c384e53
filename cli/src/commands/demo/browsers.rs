//! Customers who look around before they order: views and carts, for recommendation to learn from.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::load::Shot;

/// Of so many orders, one is preceded by a visit that the shop tells of: enough to learn from, and no load to speak of.
const ONE_IN: usize = 20;
/// How long before an order its customer looks around.
const BEFORE: Duration = Duration::from_secs(1);

/// A visit to the shop.
struct Visit {
    due: Duration,
    ip: String,
    report: Value,
}

/// Visits on schedule.
pub(super) struct Browsers {
    client: Client,
    url: String,
    visits: Vec<Visit>,
}

impl Browsers {
    /// Of customers with an account who will order like this at the intake at `url`.
    pub(super) fn of(client: Client, url: &str, shots: &[Shot]) -> Self {
        let visits = shots.iter().step_by(ONE_IN).filter_map(visit).collect();
        Self { client, url: format!("{}/activity", url.trim_end_matches('/')), visits }
    }

    /// Has everybody look around when it is time. Whatever is not told then is lost: it is a hint, nobody asks again.
    pub(super) async fn browse(self) {
        let start = Instant::now();
        for Visit { due, ip, report } in self.visits {
            tokio::time::sleep_until(start + due).await;
            let _ = self.client.post(&self.url).header("x-forwarded-for", ip).json(&report).send().await;
        }
    }
}

/// The customer views what is then ordered, and has it in the cart.
fn visit(shot: &Shot) -> Option<Visit> {
    let customer = shot.body["customer"]["id"].as_str()?;
    let lines = shot.body["lines"].as_array()?;
    let skus: BTreeSet<&str> = lines.iter().filter_map(|line| line["sku"].as_str()).collect();
    let views =
        skus.into_iter().map(|sku| json!({ "type": "product_viewed", "customer_id": customer, "sku": sku }));
    let cart = json!({ "type": "cart_updated", "customer_id": customer, "lines": lines });
    let report = json!({ "activities": views.chain([cart]).collect::<Vec<_>>() });
    Some(Visit { due: shot.due.saturating_sub(BEFORE), ip: shot.ip.clone(), report })
}
