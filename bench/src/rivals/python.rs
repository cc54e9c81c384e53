//! The order path as tutorials write it in Python: `bench/python/pipeline.py`, and `serve.py` that scores for it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, ensure};
use bench::scikit;
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

/// Says which file it is, once it has the packages.
const LOOK: &str =
    "import sys, confluent_kafka, fastapi, redis, requests, sklearn, uvicorn; print(sys.executable)";
/// How many of the last simulated orders the model learns from: as many as the measurement of scoring trains on.
const LEARNED: usize = 4_096;

/// Why it cannot run here, if it cannot, and what to do.
pub fn missing() -> Option<String> {
    let why = interpreter().as_ref().err()?;
    let requirements = scikit::scripts().join("requirements.txt");
    Some(format!(
        "{why}; python3 -m venv venv && venv/bin/pip install -r {}, then set PYTHON=venv/bin/python",
        requirements.display()
    ))
}

/// The Python that `PYTHON` names, which must have the packages.
fn interpreter() -> &'static Result<PathBuf, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        look(&python).map_err(|why| format!("{why:#}"))
    })
}

fn look(python: &str) -> Result<PathBuf> {
    let output = Command::new(python).args(["-c", LOOK]).output();
    let output = output.with_context(|| format!("{python} cannot be run"))?;
    let said = |text: Vec<u8>| {
        let text = String::from_utf8_lossy(&text);
        text.trim().lines().next_back().unwrap_or_default().to_owned()
    };
    ensure!(output.status.success(), "{python} says: {}", said(output.stderr));
    Ok(said(output.stdout).into())
}

/// The four hops, and behind them the scorer: its CPU and its memory are the contestant's as well.
pub fn hops(ground: &Ground, field: &Field) -> Result<Vec<Spec>> {
    let python = interpreter().as_ref().map_err(|why| anyhow!("{why}"))?;
    let port = free_port()?.to_string();
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
        let script = scikit::scripts().join("pipeline.py").display().to_string();
        spec(stage.name(), python, vec![script, stage.name().to_owned()], env, field)
    };
    let folder = scikit::scripts().display().to_string();
    let args = ["-B", "-m", "uvicorn", "serve:app", "--app-dir", &folder, "--log-level", "error"];
    let args = args.into_iter().chain(["--port", &port]).map(str::to_owned).collect();
    let model = model(python, ground)?.display().to_string();
    // By default scikit-learn spreads even one row over all cores, which took four times as long on two.
    let env = pairs([("MODEL", model.as_str()), ("OMP_NUM_THREADS", "1")]).to_vec();
    let scorer = spec("scorer", python, args, env, field);
    Ok(Stage::ALL.into_iter().map(hop).chain([scorer]).collect())
}

fn spec(name: &str, python: &Path, args: Vec<String>, env: Vec<(String, String)>, field: &Field) -> Spec {
    let log = field.folder.join(format!("{name}.log"));
    Spec { name: name.to_owned(), program: python.to_owned(), args, env, log, scratch: None }
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
        scikit::train(python, last.iter().map(|(vector, fraud)| (&vector[..], *fraud)), &file)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_not_there_or_lacks_packages_says_so() {
        let why = |python: &str| format!("{:#}", look(python).unwrap_err());
        assert_eq!(why("no-such-python").split(':').next(), Some("no-such-python cannot be run"));
        assert_eq!(why("false"), "false says: ");
    }
}
