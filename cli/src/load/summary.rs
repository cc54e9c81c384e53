//! What became of a load.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Answer, Outcome};

/// Latencies up to here are told apart, in microseconds; longer ones count as this.
const LONGEST_US: u64 = 600_000_000;

/// Times and their percentiles.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        let mut histogram = Histogram::new_with_bounds(1, LONGEST_US, 3);
        // These bounds are valid; a histogram that grows would do as well.
        if let Ok(histogram) = &mut histogram {
            histogram.auto(true);
        }
        Self(histogram.unwrap_or_else(|_| unreachable!("constant bounds")))
    }
}

/// Milliseconds at some percentiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Latency {
    /// Whether none was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts one.
    pub fn record(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(us.clamp(1, LONGEST_US));
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Its percentiles; zeros when nothing was counted.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1_000.0;
        Percentiles {
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: self.0.max() as f64 / 1_000.0,
        }
    }
}

/// A load in numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Requests sent.
    pub sent: u64,
    /// Orders accepted (202), each once.
    pub accepted: u64,
    /// Duplicates answered as their first request was.
    pub repeated: u64,
    /// Refused: by status and problem code, such as `429 rate_limited`.
    pub refused: BTreeMap<String, u64>,
    /// No answer: by what went wrong.
    pub failed: BTreeMap<String, u64>,
    /// From when a request was due to its 202.
    #[serde(serialize_with = "as_percentiles")]
    pub latency: Latency,
}

impl Summary {
    /// Takes an answer in.
    pub fn count(&mut self, answer: &Answer) {
        self.sent += 1;
        match &answer.outcome {
            Outcome::Accepted { replayed: false, .. } => self.accepted += 1,
            Outcome::Accepted { replayed: true, .. } => self.repeated += 1,
            Outcome::Refused { status, code } => {
                *self.refused.entry(format!("{status} {code}")).or_default() += 1
            }
            Outcome::Failed { what } => *self.failed.entry(what.clone()).or_default() += 1,
        }
        if let Outcome::Accepted { .. } = answer.outcome {
            self.latency.record(answer.latency);
        }
    }
}

fn as_percentiles<S: serde::Serializer>(latency: &Latency, serializer: S) -> Result<S::Ok, S::Error> {
    latency.percentiles().serialize(serializer)
}
