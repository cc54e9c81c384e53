//! The demo's result: for people a few tables, for machines JSON.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{Demo, accuracy::Accuracy, board::Latencies, sample};
use crate::{
    audit::{Check, Decisions, Evidence},
    commands::{
        audit::{decisions, promises},
        load,
        table::table,
    },
    environment::Environment,
    invoices,
    load::{Cancelled, Chargebacks, Kind, Percentiles, Summary},
};
use clap::ValueEnum;
use uuid::Uuid;

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
    /// Who judged them.
    decisions: Decisions,
    /// How well.
    accuracy: Accuracy,
    /// From a caller's 202 to the moment others could read the order's final event, by what orders met on their way.
    acceptance_to_final: BTreeMap<&'static str, Percentiles>,
    cancels: Cancels,
    /// What banks have reported; none where they were not asked to.
    chargebacks: Option<Chargebacks>,
    /// What became of a real shop's day.
    invoices: invoices::Report,
    /// For how long the gateway was down.
    outage_seconds: u16,
    dead_letters: BTreeMap<String, usize>,
    services: Vec<ServiceMemory>,
    promises: Vec<Check>,
}

/// What orders met besides their customers.
pub(super) struct Met {
    pub(super) regrets: Vec<Cancelled>,
    pub(super) invoices: invoices::Report,
    pub(super) outage_seconds: u16,
    pub(super) customers: BTreeMap<Uuid, Kind>,
    pub(super) chargebacks: Option<Chargebacks>,
}

/// Requests to cancel.
#[derive(Debug, Serialize)]
struct Cancels {
    requested: usize,
    /// Came in when the order was finished.
    too_late: usize,
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
        latencies: Latencies,
        met: Met,
        services: Vec<ServiceMemory>,
        promises: Vec<Check>,
    ) -> Self {
        let mut orders_by_state = BTreeMap::new();
        for order in evidence.orders.values() {
            *orders_by_state.entry(order.state().to_string()).or_default() += 1;
        }
        let Latencies { undisturbed, outage, held, replayed } = latencies;
        let named = [
            ("undisturbed", undisturbed),
            ("caught by the outage", outage),
            ("held for review", held),
            ("invoices, replayed", replayed),
        ];
        let acceptance_to_final = named
            .into_iter()
            .filter(|(_, latency)| !latency.is_empty())
            .map(|(name, latency)| (name, latency.percentiles()))
            .collect();
        let too_late = met.regrets.iter().filter(|regret| **regret == Cancelled::TooLate).count();
        let cancels = Cancels { requested: met.regrets.len(), too_late };
        let delivery = demo.delivery.to_possible_value().map(|value| value.get_name().to_owned());
        Self {
            servers: servers.to_owned(),
            delivery: delivery.unwrap_or_default(),
            rate: demo.rate,
            seconds,
            requests,
            orders_by_state,
            decisions: Decisions::of(evidence),
            accuracy: Accuracy::of(evidence, &met.customers),
            acceptance_to_final,
            cancels,
            chargebacks: met.chargebacks,
            invoices: met.invoices,
            outage_seconds: met.outage_seconds,
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
        writeln!(f, "{}\n{}\n", decisions(&self.decisions), self.accuracy)?;
        let mut services = table(["memory", "resident MB", "peak MB"]);
        for ServiceMemory { name, resident_mb, peak_mb } in &self.services {
            services.add_row([name.clone(), format!("{resident_mb:.1}"), format!("{peak_mb:.1}")]);
        }
        writeln!(f, "{services}\n")?;
        writeln!(f, "{}\n", promises(&self.promises))?;
        let letters: Vec<String> =
            self.dead_letters.iter().map(|(code, count)| format!("{count} {code}")).collect();
        let letters = if letters.is_empty() { "none".to_owned() } else { letters.join(", ") };
        writeln!(f, "dead letters: {letters}")?;
        let Cancels { requested, too_late } = self.cancels;
        writeln!(f, "cancels: {requested} requested, {too_late} when the order was finished already")?;
        self.chargebacks.iter().try_for_each(|chargebacks| writeln!(f, "{chargebacks}"))?;
        writeln!(f, "{}", sample::line(&self.invoices))?;
        writeln!(f, "gateway down for {} s in the middle", self.outage_seconds)?;
        let Self { delivery, rate, seconds, .. } = self;
        write!(f, "\nacceptance to final state ({delivery}, {rate} orders/s for {seconds:.0} s):")?;
        for (name, Percentiles { p50_ms, p95_ms, p99_ms, max_ms }) in &self.acceptance_to_final {
            write!(
                f,
                "\n  {name:<20} p50 {p50_ms:.0} ms, p95 {p95_ms:.0} ms, p99 {p99_ms:.0} ms, max {max_ms:.0} ms"
            )?;
        }
        Ok(())
    }
}
