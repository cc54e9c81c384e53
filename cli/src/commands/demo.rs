//! `orderflow demo`: everything at once, on servers of its own, from the first order to the audit.

mod accuracy;
mod board;
mod browsers;
mod funnel;
mod outage;
mod people;
mod play;
mod report;
mod sample;
mod stage;
mod start;
mod stop;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use orderflow::config::Delivery;

use super::{
    load::{bank_day, rate},
    print, print_json,
};
use play::play;
use start::Running;
use stop::StopSignal;

const EXAMPLES: &str = "\
Examples:
  orderflow demo                                  2,000 orders at 50 a second
  orderflow demo --orders 200                     a short one
  orderflow demo --outage 0                       with a gateway that never fails
  orderflow demo --chargebacks 0                  with banks that report no fraud
  orderflow demo --instances 3                    with three instances of each service
  orderflow demo --rules                          with rules instead of the model
  orderflow demo --keep                           leaves everything running for you to try
  orderflow demo --delivery at-least-once --json  the other delivery setting, for machines

Servers that KAFKA_BOOTSTRAP_SERVERS, REDIS_URL and SCHEMA_REGISTRY_URL name are used, under a prefix of
their own; the others are started. Ctrl-C stops everything at any moment. Exit code 1 when a promise broke.";

/// Starts servers, services and simulators, replays a day of a real shop, places orders of simulated customers (some of whom change their minds),
/// reviews what is held, has banks report fraud, takes the gateway down for a while, follows each order to its end, and checks log, ledgers and
/// stock against each other.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Demo {
    /// How many orders.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    orders: u32,
    /// How many a second.
    #[arg(long, default_value_t = 50.0, value_parser = rate)]
    rate: f64,
    /// The same seed gives the same customers and orders.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how many seconds the payment gateway is down in the middle; 0: not at all.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=600))]
    outage: u16,
    /// In how many seconds a day of the customers' banks passes: they report fraud that was charged half a day after the
    /// order at the earliest. 0: nobody reports anything.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = bank_day)]
    chargebacks: Duration,
    /// How outputs and offsets become durable.
    #[arg(long, env = "DELIVERY", value_enum, default_value_t = Delivery::ExactlyOnce)]
    delivery: Delivery,
    /// How many instances of each service, which share its partitions.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=6))]
    instances: u8,
    /// Partitions of each topic [default: as many as instances]. The lone broker looks into all that a service reads for
    /// each answer: more of them cost latency here.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=24))]
    partitions: Option<u8>,
    /// Score orders by rules instead of the model that comes with this version.
    #[arg(long)]
    rules: bool,
    /// Leave everything running after the report, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

impl Demo {
    /// No instance is left without a partition.
    fn partitions(&self) -> u8 {
        self.partitions.unwrap_or(self.instances)
    }

    pub(super) async fn run(self) -> Result<bool> {
        let mut signal = StopSignal::new()?;
        let running = tokio::select! {
            running = Running::start(&self) => running?,
            () = signal.received() => bail!("stopped before the first order"),
        };
        let result = tokio::select! {
            report = play(&self, &running) => report,
            () = signal.received() => Err(anyhow::anyhow!("stopped before the end")),
        };
        let well = match &result {
            Ok(report) => {
                if self.json {
                    print_json(report)?
                } else {
                    print(report)?
                }
                report.is_well()
            }
            Err(_) => false,
        };
        if self.keep && result.is_ok() {
            print(running.how_to_try()?)?;
            signal.received().await;
        }
        running.stop(well || signal.was_received()).await;
        result.map(|_| well)
    }
}
