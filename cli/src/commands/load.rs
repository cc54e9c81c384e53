//! `orderflow load`.

pub(super) mod invoices;
mod telemetry;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{print, print_json, status::Status, table::table};
use crate::load::{Bank, Chargebacks, Mix, Outcome, Shop, Summary, client, plan, send};

const EXAMPLES: &str = "\
Examples:
  orderflow load --url http://127.0.0.1:8080
  orderflow load --orders 10000 --rate 200 --seed 7 --json
  orderflow load --chargebacks 1 --status-url http://127.0.0.1:8082     banks report fraud, some days later
  orderflow load --invoices year.csv.gz --speed 60                      an hour of it in a minute
  orderflow load --invoices year.csv.gz --from 2011-06-10 --until 2011-06-10 --rate 50
  orderflow load --compare-telemetry --orders 1000                      what traces cost, on servers of its own

Without --invoices, customers are made up from the seed: ordinary ones, some who come back, guests, declined
cards, too many of a scarce product, card tests (small charges, then a large one), new accounts with bill,
parcel and caller in three countries, travellers, addresses where nobody delivers, and a few requests sent
twice with one Idempotency-Key. Each caller's address goes in X-Forwarded-For and its country in CF-IPCountry:
let the intake trust this machine (TRUSTED_PROXIES, IP_COUNTRY_HEADER), else all customers are one caller to it.

With --chargebacks, frauds that were charged are labelled as fraud (`orderflow label` does the same) half a day after
the order at the earliest, three days later on average; 3 % of them never. A few honest orders are disputed, and cleared
later. It ends when the last report is in.

With --invoices, each invoice of the file is an order, with the file's customers, countries, goods and prices;
`orderflow catalogue from-invoices` makes the catalogue that the intake must have for that. An order is placed
when it is sent: of the file's times, their distances are kept. An invoice that takes back all of an order of
this replay cancels it (--status-url); other returns, and rows that are no sale of goods, are counted.";

/// Places orders on schedule, whatever the answers do: an open loop. Latency counts from when an order was due.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Load {
    /// Base address of the order intake.
    #[arg(long, env = "INTAKE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// How many orders [default: 2000, or all invoices].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    orders: Option<u32>,
    /// How many a second [default: 50, or as the invoices were].
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// The same seed gives the same customers and orders.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Names this run: its customers are not those of another, and an invoice is one order in a run, however often it is
    /// replayed [default: made up].
    #[arg(long)]
    run: Option<String>,
    /// Most requests under way; later ones wait, and their latency says so.
    #[arg(long, default_value_t = 1_000)]
    in_flight: usize,
    /// Writes the ids of accepted orders of simulated customers to this file, one a line, for `orderflow audit`.
    #[arg(long, value_name = "FILE", conflicts_with = "invoices")]
    accepted: Option<PathBuf>,
    /// Places the invoices of this file instead: CSV or CSV in gzip.
    #[arg(long, value_name = "FILE")]
    invoices: Option<PathBuf>,
    /// Has the customers' banks report the fraud that was charged, at order-status: in how many seconds one of their days
    /// passes.
    #[arg(long, value_name = "SECONDS", value_parser = bank_day, conflicts_with = "invoices")]
    chargebacks: Option<Duration>,
    /// Starts two shops on servers of its own, one that sends a tenth of its traces and one that sends none, and loads
    /// one after the other, so many times each: what telemetry costs, as a ratio of throughputs.
    #[arg(
        long, value_name = "TURNS", num_args = 0..=1, default_missing_value = "3",
        value_parser = clap::value_parser!(u8).range(3..=50),
        conflicts_with_all = ["invoices", "chargebacks", "accepted", "rate", "run", "in_flight"]
    )]
    compare_telemetry: Option<u8>,
    #[command(flatten)]
    replay: invoices::Replay,
    #[command(flatten)]
    status: Status,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Orders and their rate, of simulated customers.
const ORDERS: u32 = 2_000;
const RATE: f64 = 50.0;

impl Load {
    pub(super) async fn run(self) -> Result<bool> {
        if let Some(turns) = self.compare_telemetry {
            return telemetry::compare(self.orders.unwrap_or(ORDERS), turns, self.seed, self.json).await;
        }
        match &self.invoices {
            Some(file) => self.replay_invoices(file).await,
            None => self.simulate().await,
        }
    }

    async fn simulate(self) -> Result<bool> {
        let client = client()?;
        let shop = Shop::ask(&client, &self.url).await?;
        let run = self.run.clone().unwrap_or_else(new_run);
        let (orders, rate) = (self.orders.unwrap_or(ORDERS), self.rate.unwrap_or(RATE));
        let shots = plan(&shop, orders as usize, rate, self.seed, &run, &Mix::default());
        let bar = ProgressBar::new(shots.len() as u64).with_style(style());
        let mut bank =
            self.chargebacks.map(|day| Bank::new(self.status.desk(client.clone()), day, self.seed));
        let mut answers = send(client, &self.url, shots, self.in_flight);
        let (mut summary, mut accepted) = (Summary::default(), String::new());
        while let Some(answer) = answers.recv().await {
            summary.count(&answer);
            if let Outcome::Accepted { order_id, replayed } = answer.outcome {
                accepted.push_str(&format!("{order_id}\n"));
                bank.iter_mut().filter(|_| !replayed).for_each(|bank| bank.hear(order_id, answer.kind));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let chargebacks = match bank {
            Some(bank) => Some(bank.close().await),
            None => None,
        };
        if let Some(file) = &self.accepted {
            std::fs::write(file, accepted).with_context(|| format!("writing {}", file.display()))?;
        }
        let taken = chargebacks.as_ref().is_none_or(|chargebacks| chargebacks.failed.is_empty());
        let well = summary.failed.is_empty() && summary.accepted > 0 && taken;
        if self.json {
            print_json(&Loaded { summary, chargebacks })?
        } else {
            print(describe(&summary))?;
            chargebacks.iter().try_for_each(print)?
        }
        Ok(well)
    }
}

/// What came of a load, for machines.
#[derive(Serialize)]
struct Loaded {
    #[serde(flatten)]
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    chargebacks: Option<Chargebacks>,
}

/// Reads how long a bank's day takes, in seconds.
pub(super) fn bank_day(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("`{text}` is not a number of seconds, 0 to 86400")),
    }
}

/// A name for a run that no other has.
pub(super) fn new_run() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("r{}", &id[..8])
}

/// Reads a rate.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.01..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err(format!("`{text}` is not a number of orders a second, 0.01 to 100000")),
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} answered, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A load in a table.
pub(super) fn describe(summary: &Summary) -> comfy_table::Table {
    let mut table = table(["requests", "count"]);
    table.add_row(["sent".to_owned(), summary.sent.to_string()]);
    table.add_row(["accepted (202)".to_owned(), summary.accepted.to_string()]);
    table.add_row(["repeats answered as before".to_owned(), summary.repeated.to_string()]);
    for (what, count) in summary.refused.iter().chain(&summary.failed) {
        table.add_row([what.clone(), count.to_string()]);
    }
    let times = summary.latency.percentiles();
    let times = format!(
        "p50 {:.1}  p95 {:.1}  p99 {:.1}  max {:.1}",
        times.p50_ms, times.p95_ms, times.p99_ms, times.max_ms
    );
    table.add_row(["ms from due to 202".to_owned(), times]);
    table
}
