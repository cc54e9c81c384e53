//! `orderflow load --invoices`.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;
use comfy_table::Table;
use indicatif::ProgressBar;
use jiff::civil::Date;
use orderflow::money::money;

use super::{super::table::table, Load, describe, new_run, print, print_json, style};
use crate::{
    invoices::{Books, NOT_FOR_SALE, Pace, Period, Report, SkuOf, plan, read, replay},
    load::{Shop, client},
};

/// What a replay has besides.
#[derive(Debug, Args)]
pub(in crate::commands) struct Replay {
    /// So many times as fast as it was, instead of --rate [default: 60].
    #[arg(long, requires = "invoices", conflicts_with = "rate", value_parser = speed)]
    speed: Option<f64>,
    /// The first day to replay, as 2011-06-10.
    #[arg(long, requires = "invoices")]
    from: Option<Date>,
    /// The last day to replay.
    #[arg(long, requires = "invoices")]
    until: Option<Date>,
}

/// An hour in a minute.
const SPEED: f64 = 60.0;

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.01..=1_000_000.0).contains(&speed) => Ok(speed),
        _ => Err(format!("`{text}` is not a speed, 0.01 to 1000000 times as fast as it was")),
    }
}

impl Load {
    pub(super) async fn replay_invoices(&self, file: &Path) -> Result<bool> {
        let Replay { speed, from, until } = self.replay;
        let books = Books::of(read(file)?, Period { from, until })?;
        ensure!(!books.sales.is_empty(), "{}: no row of these days sells anything", file.display());
        let client = client()?;
        let shop = Shop::ask(&client, &self.url).await?;
        let pace = self.rate.map_or(Pace::Speed(speed.unwrap_or(SPEED)), Pace::Rate);
        let limit = self.orders.map_or(usize::MAX, |orders| orders as usize);
        let run = self.run.clone().unwrap_or_else(new_run);
        let plan = plan(&books, &SkuOf::of(&shop), pace, limit, &run);
        ensure!(
            !plan.shots.is_empty(),
            "the intake's catalogue has none of these goods at these prices: make one with `orderflow catalogue \
             from-invoices {}`",
            file.display()
        );
        let bar = ProgressBar::new(plan.shots.len() as u64).with_style(style());
        let desk = self.status.desk(client.clone());
        let report = replay(client, &self.url, &desk, plan, self.in_flight, |_| bar.inc(1)).await;
        bar.finish_and_clear();
        if self.json {
            print_json(&report)?
        } else {
            print(tell(&report))?
        }
        Ok(report.is_well())
    }
}

/// A replay for people.
pub(in crate::commands) fn tell(report: &Report) -> String {
    let mut text = format!("{}\n\n{}", rows(report), describe(&report.requests));
    if report.left_out.contains_key(NOT_FOR_SALE) {
        text += "\n\n`orderflow catalogue from-invoices` makes a catalogue that has all goods at all prices";
    }
    if let Some(why) = &report.cancel_failure {
        text += &format!("\n\na cancel failed: {why}");
    }
    text
}

fn rows(report: &Report) -> Table {
    let mut rows = table(["invoices", "count"]);
    let mut add = |what: &str, count: u64| {
        rows.add_row([what.to_owned(), count.to_string()]);
    };
    add("rows", report.rows);
    add("  goods sold", report.sale_rows);
    add("  goods taken back", report.return_rows);
    report.other_rows.iter().for_each(|(other, count)| add(&format!("  no sale: {}", other.text()), *count));
    add("invoices that sell", report.invoices);
    report.left_out.iter().for_each(|(why, count)| add(&format!("  left out: {why}"), *count));
    if report.without_country > 0 {
        add("  without a country, sent as GB", report.without_country);
    }
    add("cancellations", report.cancellations.values().sum());
    report.cancellations.iter().for_each(|(fate, count)| add(&format!("  {}", fate.text()), *count));
    rows.add_row(["accepted orders cost".to_owned(), money(report.accepted_total, "GBP")]);
    rows
}
