//! Who scored the orders: fraud-scoring counts its decisions by the engine that was behind them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result};
use orderflow_stack::Spec;

use crate::hops::Stage;

const PATIENCE: Duration = Duration::from_secs(10);
const DECISIONS: &str = "orderflow_decisions_total{";
const BY_RULES: &str = "engine=\"rules\"";

/// How many orders a model has decided, by fraud-scoring's own metrics.
pub fn by_model(specs: &[Spec]) -> Result<u64> {
    let spec = specs.iter().find(|spec| spec.name == Stage::FraudScoring.name());
    let mut variables = spec.into_iter().flat_map(|spec| &spec.env);
    let address = variables.find(|(name, _)| name == "OPERATOR_LISTEN").context("no fraud-scoring")?;
    let text = metrics(&address.1).with_context(|| format!("asking {} for metrics", address.1))?;
    Ok(decided(&text))
}

fn metrics(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    anyhow::ensure!(text.starts_with("HTTP/1.0 200") || text.starts_with("HTTP/1.1 200"), "{text}");
    Ok(text)
}

/// By any engine but rules.
fn decided(text: &str) -> u64 {
    let lines = text.lines().filter(|line| line.starts_with(DECISIONS) && !line.contains(BY_RULES));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_of_rules_are_not_the_models() {
        let text = "# TYPE orderflow_decisions_total counter\n\
            orderflow_decisions_total{scorer=\"fraud\",engine=\"onnxruntime\",outcome=\"validated\"} 40\n\
            orderflow_decisions_total{scorer=\"fraud\",engine=\"onnxruntime\",outcome=\"held\"} 3\n\
            orderflow_decisions_total{scorer=\"rules\",engine=\"rules\",outcome=\"validated\"} 5\n\
            orderflow_batches_total{step=\"x\"} 7\n";
        assert_eq!(decided(text), 43);
        assert_eq!(decided(""), 0);
    }
}
