//! What a fraud score costs: `cargo bench -p bench --bench scoring`. See `bench/README.md`.

mod decisions;
mod engines;
mod orders;
mod python;

use std::path::Path;

use anyhow::{Context, Result};
use fraud_scoring::vector;
use orderflow_model::{Choice, Engines, Expected, Package};

use crate::orders::Orders;

/// Rows a batch.
const BATCHES: [u32; 4] = [1, 16, 64, 256];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    println!("simulating orders …");
    let orders = Orders::simulate();
    let built_in = package(&Engines::find(Choice::BuiltIn, None)?)?;
    let library = orderflow_stack::onnxruntime().await;
    let onnxruntime = match &library {
        Ok(library) => Some(package(&Engines::find(Choice::OnnxRuntime, Some(library))?)?),
        Err(why) => {
            println!("skipped: ONNX Runtime ({why:#})");
            None
        }
    };
    let score = engines::measure(&orders, onnxruntime.as_ref(), &built_in);
    let decision = decisions::measure(&orders, onnxruntime.unwrap_or(built_in)).await?;
    python::measure(&orders, score, decision).await
}

fn package(engines: &Engines) -> Result<Package> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/fraud-scoring/model/shipped");
    let expected = Expected { name: "fraud", definition: vector::DEFINITION, features: &vector::names() };
    Package::open(&folder, &expected, engines).with_context(|| format!("the model in {}", folder.display()))
}
