//! The gateway is down for a while, in the middle of it all.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::board::Board;
use crate::environment::{Environment, Instance};

/// How often to ask whether payment is over it.
const LOOK: Duration = Duration::from_millis(100);
/// What piled up meanwhile is worked off within this.
const AFTERMATH: Duration = Duration::from_secs(1);

/// An outage to come.
pub(super) struct Outage {
    client: Client,
    faults: String,
    payments: Vec<Arc<Instance>>,
    lasts: Duration,
}

impl Outage {
    pub(super) fn of(environment: &Environment, client: Client, lasts: Duration) -> Self {
        let faults = format!("{}/faults", environment.gateway().operator_url());
        let payments = environment.instances().into_iter().filter(|one| one.service() == "payment").collect();
        Self { client, faults, payments, lasts }
    }

    /// Waits, has the gateway refuse every call for a while, and waits until payment is as it was. Tells the board when
    /// it begins and when it is over.
    pub(super) async fn happen(self, at: Duration, board: &Board) -> Result<()> {
        if self.lasts.is_zero() {
            return Ok(());
        }
        tokio::time::sleep(at).await;
        board.outage_begins(Instant::now());
        self.switch(1.0).await?;
        tokio::time::sleep(self.lasts).await;
        self.switch(0.0).await?;
        for payment in &self.payments {
            while !self.is_well(payment).await {
                tokio::time::sleep(LOOK).await;
            }
        }
        tokio::time::sleep(AFTERMATH).await;
        board.outage_ends(Instant::now());
        Ok(())
    }

    async fn switch(&self, error_rate: f64) -> Result<()> {
        let answer = self.client.patch(&self.faults).json(&json!({ "error_rate": error_rate })).send().await;
        answer?.error_for_status().map(drop).context("the gateway's faults cannot be switched")
    }

    async fn is_well(&self, payment: &Instance) -> bool {
        let url = format!("{}/health/ready", payment.operator_url());
        let Ok(answer) = self.client.get(url).send().await else { return false };
        answer.json::<Value>().await.is_ok_and(|said| said["status"] == "ready")
    }
}
