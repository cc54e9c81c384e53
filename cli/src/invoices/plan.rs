//! Invoices as requests, each with its moment.
//!
//! The file has no names, addresses or cards: each buyer has made-up ones of their own, the same in every replay. An
//! order's `placed_at` is intake's clock, as for any caller; what a replay keeps of the file's times is their distances.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use jiff::civil::DateTime;
use serde_json::json;

use super::{
    Books, Fate, Report, Sale, SkuOf,
    buyer::buyer,
    catalogue::CURRENCY,
    country::{Country, HOME, country},
    orders::{Found, Orders},
};
use crate::load::{Kind, Shot};

/// Why an invoice is left out when the catalogue lacks something of it.
pub const NOT_FOR_SALE: &str = "not in the catalogue at this price";

/// How fast time goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many times as fast as it did.
    Speed(f64),
    /// So many orders a second, whenever they were placed.
    Rate(f64),
}

impl Pace {
    /// When something is due that happened `since` after the first order, behind `orders` others.
    fn due(self, since: Duration, orders: usize) -> Duration {
        match self {
            Self::Speed(speed) => since.div_f64(speed),
            Self::Rate(rate) => Duration::from_secs_f64(orders as f64 / rate),
        }
    }
}

/// What to send and when.
#[derive(Debug)]
pub struct Plan {
    /// Orders, by when they are due.
    pub shots: Vec<Shot>,
    /// What each costs, in pence.
    pub(super) totals: Vec<i64>,
    /// When an order is to be cancelled, by its number.
    pub(super) cancels: BTreeMap<usize, Duration>,
    /// What is known before anything is sent.
    pub(super) report: Report,
}

/// The first `limit` sales as orders at this pace, and the cancellations up to the last of them. Orders of the same
/// `run` are the same orders: a repeat places none twice.
#[must_use]
pub fn plan(books: &Books, skus: &SkuOf, pace: Pace, limit: usize, run: &str) -> Plan {
    let sales = &books.sales[..books.sales.len().min(limit)];
    let report = Report { invoices: sales.len() as u64, ..Report::of(books) };
    let plan = Plan { shots: Vec::new(), totals: Vec::new(), cancels: BTreeMap::new(), report };
    let (Some(first), Some(last)) = (sales.first(), sales.last()) else { return plan };
    let mut planning = Planning { pace, first: first.at, plan, numbers: HashMap::new(), placed: Vec::new() };
    for (index, sale) in sales.iter().enumerate() {
        planning.order(index, sale, skus, run);
    }
    let (mut orders, is_cut) = (Orders::of(sales), sales.len() < books.sales.len());
    for taken in books.returns.iter().filter(|taken| !is_cut || taken.at <= last.at) {
        planning.cancel(taken.at, orders.find(taken));
    }
    planning.plan
}

/// A plan in the making.
struct Planning {
    pace: Pace,
    /// When the first order was placed.
    first: DateTime,
    plan: Plan,
    /// Which order each sale is, if any.
    numbers: HashMap<usize, usize>,
    /// When each order was placed.
    placed: Vec<DateTime>,
}

impl Planning {
    fn order(&mut self, index: usize, sale: &Sale, skus: &SkuOf, run: &str) {
        let Plan { shots, totals, report, .. } = &mut self.plan;
        let due = self.pace.due(between(self.first, sale.at), shots.len());
        match shot(sale, skus, due, run) {
            Ok(shot) => {
                report.without_country += u64::from(country(&sale.country) == Country::Unspecified);
                self.numbers.insert(index, shots.len());
                self.placed.push(sale.at);
                totals.push(sale.total());
                shots.push(shot);
            }
            Err(why) => *report.left_out.entry(why).or_default() += 1,
        }
    }

    fn cancel(&mut self, at: DateTime, found: Found) {
        let Plan { cancels, report, .. } = &mut self.plan;
        match found {
            Found::Whole(sale) => match self.numbers.get(&sale) {
                Some(number) => {
                    let before = self.placed.partition_point(|placed| *placed <= at);
                    cancels.insert(*number, self.pace.due(between(self.first, at), before));
                }
                None => report.count(Fate::NotOrdered),
            },
            Found::Part => report.count(Fate::ReturnOfAPart),
            Found::Nothing => report.count(Fate::ReturnFromBefore),
        }
    }
}

fn between(first: DateTime, then: DateTime) -> Duration {
    Duration::try_from(then.duration_since(first)).unwrap_or_default()
}

/// The request of a sale, or why there is none.
fn shot(sale: &Sale, skus: &SkuOf, due: Duration, run: &str) -> Result<Shot, String> {
    let country = match country(&sale.country) {
        Country::Is(code) => code,
        Country::Unspecified => HOME.to_owned(),
        Country::Unknown => return Err(format!("unknown country {}", sale.country)),
    };
    let lines = sale.units.iter().map(|(item, units)| Some((skus.find(item)?, *units)));
    let lines: Option<Vec<(String, i64)>> = lines.collect();
    let lines = lines.ok_or(NOT_FOR_SALE)?;
    let buyer = buyer(sale, &country);
    let mut body = buyer.order(CURRENCY, &lines, None);
    body["customer"]["account_age_days"] = json!(sale.known_for_days);
    let kind = if sale.customer.is_some() { Kind::Ordinary } else { Kind::Guest };
    let key = Some(format!("{run}-{}", sale.invoice));
    Ok(Shot { due, kind, duplicate: false, key, body, ip: buyer.ip, country })
}

#[cfg(test)]
mod tests;
