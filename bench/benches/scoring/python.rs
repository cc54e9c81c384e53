//! The same scores the usual way: a scikit-learn model behind FastAPI, asked over HTTP.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bench::{Report, Timing, python};
use futures::future::try_join_all;
use orderflow_stack::Process;
use reqwest::Client;
use serde_json::json;

use crate::orders::Orders;

/// Requests at a time, and how many of them each sends: alone for the latency, together for the throughput.
const LOADS: [(usize, usize); 2] = [(1, 1_000), (16, 250)];
/// How long it may take to train and to start.
const PATIENCE: Duration = Duration::from_mins(3);

/// Prints what the service takes, and how many times that is what ours take (p50, µs): a score, and a whole decision.
pub async fn measure(orders: &Orders, score: f64, decision: Option<f64>) -> Result<()> {
    let python = match python::interpreter("fastapi, uvicorn, uvloop, sklearn") {
        Ok(python) => python,
        Err(why) => {
            println!("\nskipped: the Python service ({why:#})");
            return Ok(());
        }
    };
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("model.joblib");
    let rows = orders.vectors.iter().zip(&orders.fraud).map(|(vector, fraud)| (&vector[..], *fraud));
    python::train(&python, rows, &model)?;
    let port = orderflow_stack::free_port()?;
    let mut spec =
        python::uvicorn(python, "serve:app", &python::scripts(), port, 2, folder.path().join("log"));
    spec.env.push(("MODEL".to_owned(), model.display().to_string()));
    let served = Process::start(&spec)?;
    let measured = loads(&format!("http://127.0.0.1:{port}/score"), orders).await;
    // Its workers end with it only when it is asked to.
    served.stop(Duration::from_secs(10)).await;
    let (report, alone) = measured?;
    println!("\n{report}\np50, one order at a time: {:.0} times that of a score here", alone / score);
    if let Some(decision) = decision {
        println!("and {:.0} times that of features, score and reasons with Redis", alone / decision);
    }
    Ok(())
}

/// What was measured, and what one at a time takes (p50, µs).
async fn loads(url: &str, orders: &Orders) -> Result<(Report, f64)> {
    let client = Client::builder().no_proxy().build()?;
    ready(&client, url, orders).await?;
    let mut report = Report::new("FastAPI and scikit-learn");
    let mut alone = f64::INFINITY;
    for (callers, requests) in LOADS {
        let began = Instant::now();
        let timing = load(&client, url, orders, callers, requests).await?;
        let per_second = timing.per_second_of(began.elapsed());
        report.row(&format!("{callers} at a time"), 1, &timing, per_second);
        if callers == 1 {
            alone = timing.micros(0.5);
        }
    }
    Ok((report, alone))
}

async fn ready(client: &Client, url: &str, orders: &Orders) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match ask(client, url, orders, 0).await {
            Ok(()) => return Ok(()),
            Err(error) => ensure!(Instant::now() < until, "the Python service does not answer: {error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn load(
    client: &Client,
    url: &str,
    orders: &Orders,
    callers: usize,
    requests: usize,
) -> Result<Timing> {
    let one = async |caller: usize| {
        let mut times = Vec::with_capacity(requests);
        for number in 0..requests {
            let began = Instant::now();
            ask(client, url, orders, caller * requests + number).await?;
            times.push(began.elapsed());
        }
        anyhow::Ok(times)
    };
    let mut timing = Timing::default();
    for time in try_join_all((0..callers).map(one)).await?.into_iter().flatten() {
        timing.took(1, time);
    }
    Ok(timing)
}

async fn ask(client: &Client, url: &str, orders: &Orders, number: usize) -> Result<()> {
    // JSON has no NaN: what is not known is null.
    let row: Vec<Option<f32>> = orders.rows(number, 1).iter().map(|n| (!n.is_nan()).then_some(*n)).collect();
    let answer = client.post(url).json(&json!({ "rows": [row] })).send().await?.error_for_status()?;
    let scores: serde_json::Value = answer.json().await?;
    ensure!(scores["scores"][0].is_number(), "no score: {scores}");
    Ok(())
}
