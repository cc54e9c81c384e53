//! Who scored the orders: fraud-scoring counts its decisions by the engine that was behind them.

use anyhow::{Context, Result};
use orderflow_stack::Spec;
use reqwest::Client;
use tokio::{runtime::Handle, task::block_in_place};

use crate::hops::Stage;

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
    let client = Client::builder().no_proxy().build()?;
    let asked = client.get(format!("http://{address}/metrics")).send();
    let text = async { asked.await?.error_for_status()?.text().await };
    Ok(block_in_place(|| Handle::current().block_on(text))?)
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
