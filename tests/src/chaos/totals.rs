//! What all runs so far come to: the lines of a file of results, added up.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

/// Prints, for each delivery, how often each fault has happened, for how long, its longest stall, and all violations. Runs
/// with a planted bug count for nothing.
///
/// # Errors
/// When the file cannot be read or a line is no result.
pub fn print(file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    for line in text.lines() {
        let result: Value = serde_json::from_str(line).context("a line is no result")?;
        if result["plant"].is_null() {
            let delivery = result["delivery"].as_str().unwrap_or_default();
            totals.entry(delivery.to_owned()).or_default().add(&result);
        }
    }
    totals.iter().for_each(|(delivery, totals)| totals.print(delivery));
    Ok(())
}

#[derive(Default)]
struct Totals {
    runs: u64,
    minutes: f64,
    orders: u64,
    violations: usize,
    /// How often, for how many seconds, and the longest stall in seconds.
    faults: BTreeMap<String, (u64, f64, f64)>,
}

impl Totals {
    fn add(&mut self, result: &Value) {
        self.runs += 1;
        self.minutes += result["minutes"].as_f64().unwrap_or_default();
        self.violations += result["violations"].as_array().map_or(0, Vec::len);
        let orders = result["orders"].as_object().into_iter().flatten();
        self.orders += orders.filter_map(|(_, count)| count.as_u64()).sum::<u64>();
        for (fault, count) in result["faults"].as_object().into_iter().flatten() {
            let (times, seconds, longest) = self.faults.entry(fault.clone()).or_default();
            *times += count.as_u64().unwrap_or_default();
            *seconds += result["seconds"][fault].as_f64().unwrap_or_default();
            *longest = longest.max(result["stalls"][fault].as_f64().unwrap_or_default());
        }
    }

    fn print(&self, delivery: &str) {
        println!("## {delivery}: {} runs, {:.0} minutes, {} orders", self.runs, self.minutes, self.orders);
        println!("\n| fault | times | minutes | longest stall (s) |\n|---|---|---|---|");
        for (fault, (times, seconds, longest)) in &self.faults {
            println!("| {fault} | {times} | {:.1} | {longest:.0} |", seconds / 60.0);
        }
        println!("\n{} violations\n", self.violations);
    }
}
