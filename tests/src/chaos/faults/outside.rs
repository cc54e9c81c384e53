//! A payment gateway and a carrier that fail in all the ways they can.

use anyhow::{Result, ensure};
use async_trait::async_trait;
use orderflow_cli::environment::Instance;
use serde_json::{Value, json};

use super::{Fault, Lane, Strike};
use crate::chaos::{dice::Dice, ground::Ground};

/// The gateway's faults.
pub(super) struct Gateway;

/// The carrier's faults.
pub(super) struct Carrier;

#[async_trait]
impl Fault for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    fn about(&self) -> &'static str {
        "the gateway is slow, fails, throttles, charges without an answer, declines or asks customers, for 5 to 15 s"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let own = [
            json!({ "timeout_after_charge_rate": 0.5, "hold_ms": 12_000 }),
            json!({ "timeout_after_charge_rate": 0.3, "search_lag_ms": 2_000 }),
            json!({ "decline_rate": 0.5 }),
            json!({ "callback_delay_ms": { "min": 0, "max": 3_000 }, "duplicate_callback_rate": 1.0 }),
        ];
        let all: Vec<Value> = common().into_iter().chain(own).collect();
        switch(ground, ground.environment.gateway(), &all, dice).await
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        set(ground, ground.environment.gateway(), &json!({})).await
    }
}

#[async_trait]
impl Fault for Carrier {
    fn name(&self) -> &'static str {
        "carrier"
    }

    fn about(&self) -> &'static str {
        "the carrier is slow, fails, throttles or makes labels without an answer, for 5 to 15 s"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let own = [json!({ "timeout_after_label_rate": 0.5, "hold_ms": 12_000 })];
        let all: Vec<Value> = common().into_iter().chain(own).collect();
        switch(ground, ground.environment.carrier(), &all, dice).await
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        set(ground, ground.environment.carrier(), &json!({})).await
    }
}

/// What either can do.
fn common() -> [Value; 4] {
    [
        json!({ "slow_rate": 0.5, "slow_ms": { "min": 1_000, "max": 8_000 } }),
        json!({ "error_rate": 0.5 }),
        json!({ "error_rate": 1.0 }),
        json!({ "throttle_rate": 0.7 }),
    ]
}

async fn switch(ground: &Ground, simulator: &Instance, all: &[Value], dice: &mut Dice) -> Result<Strike> {
    let faults = dice.one(all).cloned().unwrap_or_default();
    set(ground, simulator, &faults).await?;
    let lasts = dice.millis(5_000, 15_000);
    Ok(Strike { count: 1, what: format!("{faults} for {:.1} s", lasts.as_secs_f64()), lasts })
}

/// These switches; the others as they are from the start.
async fn set(ground: &Ground, simulator: &Instance, faults: &Value) -> Result<()> {
    let url = format!("{}/faults", simulator.operator_url());
    let answer = ground.http.put(url).json(faults).send().await?;
    ensure!(answer.status().is_success(), "{} refuses {faults}: {}", simulator.name(), answer.text().await?);
    Ok(())
}
