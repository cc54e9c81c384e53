//! From invoice lines to baskets: who bought which products when.

use std::{collections::HashMap, path::Path};

use anyhow::{Result, ensure};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::invoices::{self, Meaning, Row, meaning};

/// Rows between two words about progress.
const WORD: u64 = 10_000;

/// One invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Basket {
    /// When, as if the shop's clock were UTC: only differences count.
    pub at: Timestamp,
    /// Who, where that is known.
    pub customer: Option<String>,
    /// Products, each once, in the order of the lines.
    pub skus: Vec<String>,
}

/// What was sold.
#[derive(Debug, Default)]
pub(super) struct Sales {
    /// By time.
    pub baskets: Vec<Basket>,
    /// Lines read.
    pub rows: u64,
    /// Lines that sell no product: taken back, written off, free, postage, fees.
    pub passed_over: u64,
}

impl Sales {
    /// Reads the file at `path`, up to a day.
    ///
    /// # Errors
    /// When the file, or a row, cannot be read, or nothing was sold.
    pub fn read(path: &Path, until: Option<Date>, mut progress: impl FnMut(u64)) -> Result<Self> {
        let (mut sales, mut by_invoice) = (Self::default(), HashMap::new());
        for row in invoices::read(path)? {
            let row = row?;
            sales.rows += 1;
            if sales.rows % WORD == 0 {
                progress(sales.rows);
            }
            if until.is_none_or(|until| row.at.date() < until) {
                sales.take(row, &mut by_invoice)?;
            }
        }
        ensure!(!sales.baskets.is_empty(), "{}: nothing was sold", path.display());
        // Stable: what was sold in the same minute stays in the order of the file.
        sales.baskets.sort_by_key(|basket| basket.at);
        Ok(sales)
    }

    /// Puts a row into its invoice's basket.
    fn take(&mut self, row: Row, by_invoice: &mut HashMap<String, usize>) -> Result<()> {
        if meaning(&row) != Meaning::Sale {
            self.passed_over += 1;
            return Ok(());
        }
        let at = row.at.to_zoned(TimeZone::UTC)?.timestamp();
        let next = self.baskets.len();
        let index = *by_invoice.entry(row.invoice).or_insert(next);
        if index == next {
            self.baskets.push(Basket { at, customer: row.customer, skus: Vec::new() });
        }
        let basket = &mut self.baskets[index];
        // The same product is written with small and capital letters.
        let sku = row.stock_code.to_uppercase();
        if !basket.skus.contains(&sku) {
            basket.skus.push(sku);
        }
        Ok(())
    }

    /// The end of the last day on which something was sold.
    pub fn end(&self) -> Option<Timestamp> {
        let last = self.baskets.last()?.at.to_zoned(TimeZone::UTC).date();
        let midnight = last.tomorrow().ok()?.to_datetime(Time::midnight());
        Some(midnight.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}
