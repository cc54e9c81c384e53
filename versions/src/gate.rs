//! What a version must do before it is promoted.

use clap::Args;
use serde::Serialize;

use crate::Numbers;

const MIN_ORDERS: usize = 500;
const MIN_AGREEMENT: f64 = 0.95;
const MAX_P99: f64 = 1_000.0;

/// The bounds. What they are about stands in a report.
#[derive(Debug, Clone, Args)]
pub struct Gate {
    /// The gate wants so many orders that the version has scored.
    #[arg(long, value_name = "N", default_value_t = MIN_ORDERS)]
    min_orders: usize,
    /// The gate wants the same outcome for this share of them, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = MIN_AGREEMENT)]
    min_agreement: f64,
    /// The gate wants 99 % of the orders scored within so many microseconds each.
    #[arg(long, value_name = "MICROS", default_value_t = MAX_P99)]
    max_p99: f64,
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// Whether every line is kept.
    pub passed: bool,
    /// Each bound.
    pub lines: Vec<Line>,
}

/// One bound, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is about.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What is wanted.
    pub wanted: String,
    /// Whether it is kept.
    pub passed: bool,
}

impl Default for Gate {
    /// As the options are without a word.
    fn default() -> Self {
        Self { min_orders: MIN_ORDERS, min_agreement: MIN_AGREEMENT, max_p99: MAX_P99 }
    }
}

impl Gate {
    /// What it says to these numbers.
    #[must_use]
    pub fn judge(&self, numbers: &Numbers) -> Judgement {
        // Of no orders nothing is known: nothing is passed.
        let agreement =
            numbers.agreement.map_or("unknown".to_owned(), |share| format!("{:.2} %", share * 1e2));
        let p99 = numbers.micros.map(|micros| micros.p99);
        let lines = vec![
            Line {
                what: "orders scored",
                found: numbers.orders.to_string(),
                wanted: format!("at least {}", self.min_orders),
                passed: numbers.orders >= self.min_orders,
            },
            Line {
                what: "same outcome",
                found: agreement,
                wanted: format!("at least {:.2} %", self.min_agreement * 1e2),
                passed: numbers.agreement.is_some_and(|share| share >= self.min_agreement),
            },
            Line {
                what: "scores that are no number from 0 to 1",
                found: numbers.no_scores.to_string(),
                wanted: "none".to_owned(),
                passed: numbers.no_scores == 0,
            },
            Line {
                what: "microseconds an order, 99th percentile",
                found: p99.map_or("unknown".to_owned(), |p99| format!("{p99:.1}")),
                wanted: format!("at most {}", self.max_p99),
                passed: p99.is_some_and(|p99| p99 <= self.max_p99),
            },
        ];
        Judgement { passed: lines.iter().all(|line| line.passed), lines }
    }
}

impl Judgement {
    /// Every line that is not kept, for people.
    pub fn failures(&self) -> String {
        let failed = self.lines.iter().filter(|line| !line.passed);
        let told = failed.map(|line| format!("  {}: {}, wanted {}", line.what, line.found, line.wanted));
        told.collect::<Vec<_>>().join("\n")
    }

    /// All of it, for the log.
    pub fn in_a_line(&self) -> String {
        let told = |line: &Line| {
            let but = if line.passed { String::new() } else { format!(" (wanted {})", line.wanted) };
            format!("{} {}{but}", line.what, line.found)
        };
        let lines: Vec<String> = self.lines.iter().map(told).collect();
        format!("{}: {}", if self.passed { "passed" } else { "not passed" }, lines.join(", "))
    }
}
