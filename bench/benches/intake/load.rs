//! Callers who place one order after the other, each over a connection of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bench::Timing;
use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::orders;

pub const CALLERS: usize = 64;
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whom they ask.
pub struct Target {
    pub name: &'static str,
    /// Its base address.
    pub url: String,
    /// Whether each order has an Idempotency-Key.
    pub keyed: bool,
}

/// Returns once it takes an order.
pub async fn ready(client: &Client, target: &Target) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while let Err(error) = place(client, target, orders::body(0)).await {
        ensure!(Instant::now() < until, "{} does not answer: {error:#}", target.name);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Places orders for that long, and tells how many were accepted; one that is not ends it.
pub async fn turn(client: &Client, target: &Target, time: Duration, timing: &mut Timing) -> Result<usize> {
    let until = Instant::now() + time;
    let bodies: Arc<[Vec<u8>]> = (0..orders::CUSTOMERS).map(orders::body).collect();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (client, bodies) = (client.clone(), bodies.clone());
        let target = Target { name: target.name, url: target.url.clone(), keyed: target.keyed };
        callers.spawn(async move {
            let mut times = Vec::new();
            for body in bodies.iter().cycle().skip(caller * bodies.len() / CALLERS) {
                let began = Instant::now();
                if began >= until {
                    break;
                }
                place(&client, &target, body.clone()).await?;
                times.push(began.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut accepted = 0;
    while let Some(times) = callers.join_next().await {
        for took in times.context("a caller has ended")?.context(target.name)? {
            timing.took(1, took);
            accepted += 1;
        }
    }
    Ok(accepted)
}

async fn place(client: &Client, target: &Target, body: Vec<u8>) -> Result<()> {
    let mut request = client.post(format!("{}/orders", target.url)).header(CONTENT_TYPE, "application/json");
    if target.keyed {
        request = request.header("idempotency-key", Uuid::new_v4().to_string());
    }
    let answer = request.body(body).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status == StatusCode::ACCEPTED, "{status}: {text}");
    Ok(())
}
