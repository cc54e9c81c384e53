//! `orderflow models evaluate recommendation`.

mod baskets;
mod methods;
mod metrics;
mod report;
mod trial;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, civil::Date};
use recommendation::decay::Decay;

use crate::commands::{print, print_json};
use baskets::Sales;
use report::Report;
use trial::{Split, Trial};

const EXAMPLES: &str = "\
Examples:
  orderflow models evaluate recommendation --invoices online-retail.csv.gz
  orderflow models evaluate recommendation --invoices sales.csv --until 2011-10-04     an earlier test window
  orderflow models evaluate recommendation --invoices sales.csv --half-life-days 30 --json

The file has the columns of the Online Retail data set: InvoiceNo, StockCode, Description, Quantity,
InvoiceDate, UnitPrice, CustomerID, Country. What was sold before the last weeks trains; the weeks themselves
ask. Two questions about each basket of a customer who had bought before: given what the customer has bought
and the lines above it, which product new to this customer stands on the next line; and given only what the
customer has bought, is any new product of the basket in the list. Tune with --until on an earlier window.";

/// Ranks as the recommendation service does, with the same code, and compares it with what everybody buys: hit rate, mean
/// reciprocal rank, NDCG and coverage.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Recommendation {
    /// Invoices, CSV or CSV in gzip.
    #[arg(long, value_name = "FILE")]
    invoices: PathBuf,
    /// How many weeks at the end are the test.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=52))]
    weeks: u8,
    /// As if the file ended before this day.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// After so many days what was learnt counts half.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(7..=3_650))]
    half_life_days: i64,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Recommendation {
    pub(super) fn run(self) -> Result<bool> {
        let reading = spinner("reading {pos} rows");
        let sales = Sales::read(&self.invoices, self.until, |rows| reading.set_position(rows))?;
        reading.finish_and_clear();
        let report = self.evaluate(&sales)?;
        if self.json {
            print_json(&report)?;
        } else {
            print(report)?;
        }
        Ok(true)
    }

    fn evaluate(&self, sales: &Sales) -> Result<Report> {
        let split =
            Split::before_last(sales, self.weeks).context("there is nothing before the test weeks")?;
        let decay = Decay::new(SignedDuration::from_hours(24 * self.half_life_days));
        let bar = ProgressBar::new(sales.baskets.len() as u64).with_style(style());
        let trial = Trial::run(sales, split, decay, || bar.inc(1));
        bar.finish_and_clear();
        Ok(Report::of(sales, split, decay, trial))
    }
}

fn spinner(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{spinner}} {template} ({{elapsed}})"));
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} baskets, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests;
