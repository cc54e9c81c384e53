//! The demo's result: for people a few tables, for machines JSON.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::Demo;
use crate::{
    audit::{Check, Evidence},
    commands::{load, table::table},
    environment::Environment,
    load::{Percentiles, Summary},
};
use clap::ValueEnum;

/// What happened.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    servers: String,
    delivery: String,
    /// Orders a second that were asked for.
    rate: f64,
    /// From the first order to the last final event.
    seconds: f64,
    requests: Summary,
    /// Every order on the log.
    orders_by_state: BTreeMap<String, usize>,
    /// From a caller's 202 to the moment others could read the order's final event.
    acceptance_to_final: Percentiles,
    dead_letters: BTreeMap<String, usize>,
    services: Vec<ServiceMemory>,
    promises: Vec<Check>,
}

/// Memory of one process.
#[derive(Debug, Serialize)]
pub(super) struct ServiceMemory {
    name: String,
    resident_mb: f64,
    peak_mb: f64,
}

/// What every service takes right now.
pub(super) fn memory(environment: &Environment) -> Vec<ServiceMemory> {
    let megabytes = |bytes: u64| bytes as f64 / 1_048_576.0;
    let instances = environment.instances();
    let known =
        instances.iter().filter_map(|instance| Some((instance.name().to_owned(), instance.memory().ok()?)));
    known
        .map(|(name, memory)| ServiceMemory {
            name,
            resident_mb: megabytes(memory.resident),
            peak_mb: megabytes(memory.peak),
        })
        .collect()
}

impl Report {
    #[allow(clippy::too_many_arguments)] // one per part of the report
    pub(super) fn new(
        servers: &str,
        demo: &Demo,
        seconds: f64,
        requests: Summary,
        evidence: &Evidence,
        acceptance_to_final: Percentiles,
        services: Vec<ServiceMemory>,
        promises: Vec<Check>,
    ) -> Self {
        let mut orders_by_state = BTreeMap::new();
        for order in evidence.orders.values() {
            *orders_by_state.entry(order.state().to_string()).or_default() += 1;
        }
        let delivery = demo.delivery.to_possible_value().map(|value| value.get_name().to_owned());
        Self {
            servers: servers.to_owned(),
            delivery: delivery.unwrap_or_default(),
            rate: demo.rate,
            seconds,
            requests,
            orders_by_state,
            acceptance_to_final,
            dead_letters: evidence.dead_letters.clone(),
            services,
            promises,
        }
    }

    /// Whether every promise was kept.
    pub(super) fn is_well(&self) -> bool {
        self.promises.iter().all(|check| check.broken.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", load::describe(&self.requests))?;
        let mut states = table(["orders by state", "count"]);
        for (state, count) in &self.orders_by_state {
            states.add_row([state, &count.to_string()]);
        }
        writeln!(f, "{states}\n")?;
        let mut services = table(["memory", "resident MB", "peak MB"]);
        for ServiceMemory { name, resident_mb, peak_mb } in &self.services {
            services.add_row([name.clone(), format!("{resident_mb:.1}"), format!("{peak_mb:.1}")]);
        }
        writeln!(f, "{services}\n")?;
        let mut promises = table(["kept", "promise"]);
        for Check { promise, broken } in &self.promises {
            let kept = if broken.is_empty() { "yes" } else { "NO" };
            promises.add_row([kept.to_owned(), format!("{promise}{}", some_of(broken))]);
        }
        writeln!(f, "{promises}\n")?;
        let letters: Vec<String> =
            self.dead_letters.iter().map(|(code, count)| format!("{count} {code}")).collect();
        let letters = if letters.is_empty() { "none".to_owned() } else { letters.join(", ") };
        writeln!(f, "dead letters: {letters}")?;
        let Percentiles { p50_ms, p95_ms, p99_ms, max_ms } = self.acceptance_to_final;
        let Self { delivery, rate, seconds, .. } = self;
        write!(
            f,
            "acceptance to final state ({delivery}, {rate} orders/s for {seconds:.0} s): p50 {p50_ms:.0} ms, \
             p95 {p95_ms:.0} ms, p99 {p99_ms:.0} ms, max {max_ms:.0} ms"
        )
    }
}

/// The first few of many breaches, behind their promise.
fn some_of(broken: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text: String = broken.iter().take(SHOWN).map(|breach| format!("\n  {breach}")).collect();
    if broken.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", broken.len() - SHOWN));
    }
    text
}
