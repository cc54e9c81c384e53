//! People in the demo: customers who change their minds, and a reviewer. They use what anybody would: order-status.

use std::time::Duration;

use anyhow::Result;
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::load::{Cancelled, Desk};

/// How often the reviewer looks for orders that wait.
const LOOK: Duration = Duration::from_millis(300);
/// A held order with a higher score is rejected.
const REJECT_ABOVE: f64 = 0.6;
/// Regrets come at different moments of an order's way: these, one after the other.
const REGRETS: [Duration; 4] = [
    Duration::from_millis(0),
    Duration::from_millis(20),
    Duration::from_millis(60),
    Duration::from_millis(400),
];

/// order-status, as its users see it.
#[derive(Clone)]
pub(super) struct People {
    client: Client,
    url: String,
    desk: Desk,
}

#[derive(Deserialize)]
struct Queue {
    reviews: Vec<Held>,
}

#[derive(Deserialize)]
struct Held {
    order_id: Uuid,
    score: f64,
    decision: Option<serde_json::Value>,
}

impl People {
    pub(super) fn at(client: Client, url: &str) -> Self {
        let desk = Desk::at(client.clone(), url, None);
        Self { client, url: url.to_owned(), desk }
    }

    /// Where customers take orders back.
    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Reviews whatever is held, until dropped. An outage is waited out.
    pub(super) async fn review(&self) {
        loop {
            let _ = self.review_all().await; // whoever still waits is looked at next time
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn review_all(&self) -> Result<()> {
        let url = format!("{}/reviews?limit=200", self.url);
        let queue: Queue = self.client.get(url).send().await?.error_for_status()?.json().await?;
        for held in queue.reviews.iter().filter(|held| held.decision.is_none()) {
            let decision = if held.score > REJECT_ABOVE { "reject" } else { "approve" };
            let body = json!({ "decision": decision, "reviewer": "demo", "reason": format!("score {:.2}", held.score) });
            self.client.post(format!("{}/reviews/{}", self.url, held.order_id)).json(&body).send().await?;
        }
        Ok(())
    }

    /// Has the customer of the `number`-th regretted order take it back, a moment after it was accepted.
    pub(super) fn regret(&self, number: usize, order: Uuid, regrets: &mut JoinSet<Result<Cancelled>>) {
        let desk = self.desk.clone();
        regrets.spawn(async move {
            tokio::time::sleep(REGRETS[number % REGRETS.len()]).await;
            desk.cancel(order, "changed my mind").await
        });
    }
}
