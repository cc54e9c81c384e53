//! Reservations a second: `cargo bench -p bench --bench reservations`. See `bench/README.md`.

mod orders;
mod rival;

use std::time::Instant;

use anyhow::{Result, ensure};
use bench::{Report, Timing};
use inventory::{Adjustment, Stock, Verdict};
use jiff::SignedDuration;
use orderflow::{clock::Clock, state::State};
use orderflow_testkit::RedisServer;
use uuid::Uuid;

use crate::{
    orders::{SKUS, order, sku},
    rival::Rival,
};

/// Orders a batch: alone, as many as come together on a busy day, and the most that a service takes.
const BATCHES: [u32; 3] = [1, 50, 500];
/// Connections of `redis-benchmark`: one, and its default.
const CLIENTS: [u32; 2] = [1, 50];
const TURNS: usize = 10;
/// Orders of one turn.
const ORDERS: usize = 10_000;
/// More units of each SKU than any run sets aside.
const UNITS: i64 = 1_000_000_000;
const VALIDITY: SignedDuration = SignedDuration::from_mins(15);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let Some(redis) = RedisServer::start() else { return Ok(()) };
    let state = redis.fresh().await;
    let stock = Stock::new(state.clone());
    fill(&stock).await?;
    let rival = Rival::find(&redis, &state, &stock).await?;
    let mut ours: Vec<Timing> = BATCHES.iter().map(|_| Timing::default()).collect();
    let mut theirs: Vec<Timing> = CLIENTS.iter().map(|_| Timing::default()).collect();
    for turn in 1..=TURNS {
        println!("turn {turn} of {TURNS} …");
        for (batch, timing) in BATCHES.iter().zip(&mut ours) {
            // Whoever comes back after another finds the caches full of its things.
            reserve(&stock, *batch as usize, ORDERS / 8, &mut Timing::default()).await?;
            reserve(&stock, *batch as usize, ORDERS, timing).await?;
        }
        for (clients, timing) in CLIENTS.iter().zip(&mut theirs) {
            if let Some(rival) = &rival {
                rival.run(*clients, ORDERS / 8).await?;
                let before = keys(&state).await?;
                timing.took(ORDERS, rival.run(*clients, ORDERS).await?);
                // Ids are made up: one in many thousands may have come twice.
                let reserved = keys(&state).await? - before;
                ensure!(reserved > ORDERS - ORDERS / 1_000, "redis-benchmark reserved {reserved} only");
            }
        }
    }
    report(&ours, rival.is_some().then_some(theirs.as_slice()));
    Ok(())
}

/// Puts every SKU on the shelf.
async fn fill(stock: &Stock) -> Result<()> {
    let receipt = |number| Ok(Adjustment { cause: Uuid::new_v4(), sku: sku(number), delta: UNITS });
    let answers = stock.adjust((0..SKUS).map(receipt).collect(), Clock::system().now()).await?;
    ensure!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|one| one.refused.is_none())), "no stock");
    Ok(())
}

/// Sets so many orders aside by the service's script, a batch a call.
async fn reserve(stock: &Stock, batch: usize, orders: usize, timing: &mut Timing) -> Result<()> {
    for _ in 0..orders / batch {
        let asked = (0..batch).map(|_| Ok(order())).collect();
        let began = Instant::now();
        let now = Clock::system().now();
        let verdicts = stock.reserve(asked, now, now + VALIDITY).await?;
        timing.took(batch, began.elapsed());
        let reserved = verdicts.iter().flatten().filter(|one| matches!(one, Verdict::Reserved { .. }));
        ensure!(reserved.count() == batch, "not every order was reserved");
    }
    Ok(())
}

/// How many keys there are: each order is one.
async fn keys(state: &State) -> Result<usize> {
    Ok(redis::cmd("DBSIZE").query_async(&mut state.redis()).await?)
}

fn report(ours: &[Timing], theirs: Option<&[Timing]>) {
    let mut report = Report::new("reservations");
    for (batch, timing) in BATCHES.iter().zip(ours) {
        report.row("the service's script", *batch, timing, timing.per_second());
    }
    println!("\n{report}");
    let most = ours.iter().map(Timing::per_second).fold(0.0, f64::max);
    for (clients, timing) in CLIENTS.iter().zip(theirs.unwrap_or_default()) {
        let (per_second, times) = (timing.per_second(), most / timing.per_second());
        println!(
            "redis-benchmark -c {clients}: {per_second:.0} orders/s; ours at its best: {times:.1} times as many"
        );
    }
}
