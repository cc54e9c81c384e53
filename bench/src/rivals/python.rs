//! The order path as tutorials write it in Python: `bench/python/pipeline.py`, and `serve.py` that scores for it.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow};
use bench::python;
use fraud_model::{
    features::Memory,
    simulate::{Settings, Simulation},
};
use fraud_scoring::vector::names;
use orderflow_stack::{Spec, free_port};

use super::{
    contestants::pairs,
    ground::{Field, Ground},
    orders::{SKUS, sku},
    stock::UNITS,
};
use crate::hops::Stage;

/// What the four and the scorer import.
const MODULES: &str = "confluent_kafka, fastapi, redis, requests, sklearn, uvicorn, uvloop";
/// How many of the last simulated orders the model learns from: as many as the measurement of scoring trains on.
const LEARNED: usize = 4_096;

/// Why it cannot run here, if it cannot, and what to do.
pub fn missing() -> Option<String> {
    interpreter().as_ref().err().cloned()
}

/// The Python that is asked for, which must have the packages.
fn interpreter() -> &'static Result<PathBuf, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(|| python::interpreter(MODULES).map_err(|why| format!("{why:#}")))
}

/// The four hops, and behind them the scorer: its CPU and its memory are the contestant's as well.
pub fn hops(ground: &Ground, field: &Field) -> Result<Vec<Spec>> {
    let python = interpreter().as_ref().map_err(|why| anyhow!("{why}"))?;
    let port = free_port()?;
    let (url, features) = (format!("http://127.0.0.1:{port}/score"), names().join(","));
    let hop = |stage: Stage| {
        let mut env = field.place.variables();
        env.extend(pairs([
            ("SCORER_URL", url.as_str()),
            ("FEATURES", features.as_str()),
            // No order may stop on its way: each must get its label.
            ("FRAUD_THRESHOLD", "1"),
            ("NO_PROXY", "127.0.0.1"),
        ]));
        let script = python::scripts().join("pipeline.py").display().to_string();
        let (name, log) = (stage.name().to_owned(), field.folder.join(format!("{}.log", stage.name())));
        let args = vec![script, name.clone()];
        Spec { name, program: python.clone(), args, env, log, scratch: None }
    };
    let model = model(python, ground)?.display().to_string();
    let log = field.folder.join("scorer.log");
    let mut scorer = python::uvicorn(python.clone(), "serve:app", &python::scripts(), port, 1, log);
    scorer.env.push(("MODEL".to_owned(), model));
    Ok(Stage::ALL.into_iter().map(hop).chain([scorer]).collect())
}

/// The model, trained at the first call on what fraud-scoring would have known of simulated orders.
fn model(python: &Path, ground: &Ground) -> Result<PathBuf> {
    let file = ground.folder.path().join("model.joblib");
    if !file.is_file() {
        let mut memory = Memory::default();
        let simulated = Simulation::new(Settings { seed: 1, days: 60, customers: 600 });
        let rows: Vec<_> =
            simulated.map(|placed| (memory.see(&placed.order).vector, placed.fraud.is_some())).collect();
        let last = &rows[rows.len().saturating_sub(LEARNED)..];
        python::train(python, last.iter().map(|(vector, fraud)| (&vector[..], *fraud)), &file)?;
    }
    Ok(file)
}

/// Puts the goods where its inventory looks for them.
pub async fn fill(field: &Field) -> Result<()> {
    let mut redis = field.place.servers.redis.client().get_multiplexed_async_connection().await?;
    let stock: Vec<(String, i64)> =
        (0..SKUS).map(|number| (format!("stock:{}", sku(number)), UNITS)).collect();
    redis::cmd("MSET").arg(stock).query_async(&mut redis).await.context("filling the stock in Redis")
}
