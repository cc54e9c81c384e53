//! Rows, gathered to invoices.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use jiff::civil::{Date, DateTime};

use super::{Meaning, Other, Row, catalogue, meaning};

/// Goods at a price: what a SKU is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// The stock code, as a SKU may be written.
    pub code: String,
    /// Pence.
    pub price: i64,
}

/// An invoice that sells goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Its number.
    pub invoice: String,
    /// When its first row was entered.
    pub at: DateTime,
    /// The buyer's number; none for a guest.
    pub customer: Option<String>,
    /// The buyer's country, as in the file.
    pub country: String,
    /// For how many days the file has known the buyer; 0 for a guest.
    pub known_for_days: i32,
    /// Units of each item. Rows of one item are one line.
    pub units: BTreeMap<Item, i64>,
}

impl Sale {
    /// What it costs, in pence.
    #[must_use]
    pub fn total(&self) -> i64 {
        let costs = self.units.iter().map(|(item, units)| item.price.saturating_mul(*units));
        costs.fold(0, i64::saturating_add)
    }
}

/// Units by stock code, at whatever price.
pub(super) fn by_code(units: &BTreeMap<Item, i64>) -> BTreeMap<&str, i64> {
    let mut by_code = BTreeMap::new();
    for (item, count) in units {
        *by_code.entry(item.code.as_str()).or_default() += count;
    }
    by_code
}

/// A cancellation: goods of an earlier invoice, taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Its number.
    pub invoice: String,
    /// When its first row was entered.
    pub at: DateTime,
    /// The buyer's number; none for a guest.
    pub customer: Option<String>,
    /// Units taken back of each item; positive.
    pub units: BTreeMap<Item, i64>,
}

/// From which day to which, both included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Period {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl Period {
    fn holds(self, at: DateTime) -> bool {
        self.from.is_none_or(|from| at.date() >= from) && self.until.is_none_or(|until| at.date() <= until)
    }
}

/// What a file says.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// Invoices that sell something, by time.
    pub sales: Vec<Sale>,
    /// Cancellations of goods, by time.
    pub returns: Vec<Return>,
    /// Rows within the period.
    pub rows: u64,
    /// Those of them that sell goods.
    pub sale_rows: u64,
    /// Those of them that take goods back.
    pub return_rows: u64,
    /// Those of them that do neither, by what they are.
    pub other_rows: BTreeMap<Other, u64>,
    /// What goods are called, by stock code, and how often.
    pub(super) names: HashMap<String, BTreeMap<String, u32>>,
}

impl Books {
    /// Gathers the rows of a period. Rows of one invoice need not stand together.
    ///
    /// # Errors
    /// The first row that cannot be read: half a file would be another file.
    pub fn of(rows: impl Iterator<Item = Result<Row>>, period: Period) -> Result<Self> {
        let mut gathering = Gathering::default();
        for row in rows {
            gathering.take(&row?, period);
        }
        let mut books = gathering.books;
        books.sales.sort_by_key(|sale| sale.at);
        books.returns.sort_by_key(|taken| taken.at);
        Ok(books)
    }
}

/// Books in the making.
#[derive(Default)]
struct Gathering {
    books: Books,
    /// Where an invoice's sale, or its return, stands.
    sales: HashMap<String, usize>,
    returns: HashMap<String, usize>,
    /// Since when a customer is known, also from before the period.
    known: HashMap<String, DateTime>,
}

impl Gathering {
    fn take(&mut self, row: &Row, period: Period) {
        if let Some(customer) = &row.customer {
            let known = self.known.entry(customer.clone()).or_insert(row.at);
            *known = (*known).min(row.at);
        }
        if !period.holds(row.at) {
            return;
        }
        self.books.rows += 1;
        match meaning(row) {
            Meaning::Sale => self.sale(row),
            Meaning::Return => self.taken_back(row),
            Meaning::Other(other) => *self.books.other_rows.entry(other).or_default() += 1,
        }
    }

    fn sale(&mut self, row: &Row) {
        self.books.sale_rows += 1;
        let code = catalogue::code(&row.stock_code);
        let names = self.books.names.entry(code.clone()).or_default();
        *names.entry(row.description.clone()).or_default() += 1;
        let since = row.customer.as_ref().and_then(|customer| self.known.get(customer));
        let known_for_days =
            since.map_or(0, |since| row.at.date().duration_since(since.date()).as_hours() / 24);
        let sales = &mut self.books.sales;
        let index = *self.sales.entry(row.invoice.clone()).or_insert_with(|| {
            sales.push(Sale {
                invoice: row.invoice.clone(),
                at: row.at,
                customer: row.customer.clone(),
                country: row.country.clone(),
                known_for_days: i32::try_from(known_for_days).unwrap_or(i32::MAX),
                units: BTreeMap::new(),
            });
            sales.len() - 1
        });
        *sales[index].units.entry(Item { code, price: row.unit_price }).or_default() += row.quantity;
    }

    fn taken_back(&mut self, row: &Row) {
        self.books.return_rows += 1;
        let returns = &mut self.books.returns;
        let index = *self.returns.entry(row.invoice.clone()).or_insert_with(|| {
            let (invoice, customer) = (row.invoice.clone(), row.customer.clone());
            returns.push(Return { invoice, at: row.at, customer, units: BTreeMap::new() });
            returns.len() - 1
        });
        let item = Item { code: catalogue::code(&row.stock_code), price: row.unit_price };
        *returns[index].units.entry(item).or_default() -= row.quantity;
    }
}

#[cfg(test)]
pub(super) mod tests;
