//! What a shop sells, by its invoices.
//!
//! A shop asks different prices for one thing: for a dozen less than for one, this week less than last. Intake takes a
//! price from nobody but its catalogue, so each price of a thing is a SKU: the one most invoices have is the stock code
//! itself, any other is the stock code, a dot and the pence. So an order costs to the penny what its invoice did.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry};

use anyhow::{Context, Result, ensure};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_yaml_ng::Value;
use uuid::Uuid;

use super::{Books, Item};
use crate::load::Shop;

/// What invoices are in.
pub(super) const CURRENCY: &str = "GBP";
/// The shelf holds this many times what the invoices sell: enough to replay them that often.
const SHELF: i64 = 10;
/// What intake takes of a catalogue: the longest version, SKU and name, and the most units on the shelf.
const VERSION: usize = 64;
const SKU: usize = 64;
const NAME: usize = 200;
const STOCK: i64 = 1_000_000_000;

/// A stock code as a SKU may be written: capitals, digits and `-_.`, nothing else.
pub(super) fn code(stock_code: &str) -> String {
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-_.".contains(c);
    let letters = stock_code.chars().map(|c| c.to_ascii_uppercase());
    letters.map(|c| if allowed(c) { c } else { '-' }).collect()
}

fn at_price(item: &Item) -> String {
    format!("{}.{}", item.code, item.price)
}

/// Which SKU an item is in a catalogue.
#[derive(Debug, Clone, Default)]
pub struct SkuOf(HashMap<String, Option<i64>>);

impl SkuOf {
    /// In what this shop sells.
    #[must_use]
    pub fn of(shop: &Shop) -> Self {
        let priced = |prices: &BTreeMap<String, i64>| prices.get(CURRENCY).copied();
        Self(shop.products.iter().map(|one| (one.sku.clone(), priced(&one.prices))).collect())
    }

    /// The SKU that costs what the item does; none when there is no such thing, or not at this price.
    #[must_use]
    pub fn find(&self, item: &Item) -> Option<String> {
        let costs_that = |sku: &String| self.0.get(sku) == Some(&Some(item.price));
        [item.code.clone(), at_price(item)].into_iter().find(costs_that)
    }

    /// Whether there is such a SKU, whatever it costs.
    #[must_use]
    pub fn has(&self, sku: &str) -> bool {
        self.0.contains_key(sku)
    }
}

/// A catalogue as intake reads it from a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    version: String,
    published_at: String,
    products: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Product {
    sku: String,
    name: String,
    prices: BTreeMap<&'static str, i64>,
    stock: i64,
}

impl Catalogue {
    /// A catalogue with everything that the invoices sell, beside what `joins` has: its products stay as they are. The
    /// same invoices make the same version, so their stock is delivered once.
    ///
    /// # Errors
    /// When nothing is sold.
    pub fn of(books: &Books, joins: Option<Self>) -> Result<Self> {
        let taken = joins.as_ref().map(Self::skus).unwrap_or_default();
        let added: Vec<Value> =
            products(books, &taken).iter().map(serde_yaml_ng::to_value).collect::<Result<_, _>>()?;
        let last = books.sales.last().context("no row sells anything")?;
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, serde_yaml_ng::to_string(&added)?.as_bytes());
        let mine = format!("invoices-{}", &digest.simple().to_string()[..12]);
        Ok(match joins {
            None => {
                let at = last.at.to_zoned(TimeZone::UTC)?.timestamp();
                Self { version: mine, published_at: at.to_string(), products: added }
            }
            Some(mut both) => {
                let theirs: String = both.version.chars().take(VERSION - mine.len() - 1).collect();
                both.version = format!("{theirs}+{mine}");
                both.products.extend(added);
                both
            }
        })
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is no catalogue.
    pub fn parse(text: &str) -> Result<Self> {
        let catalogue: Self = serde_yaml_ng::from_str(text).context("it is no catalogue")?;
        let named = catalogue.products.iter().all(|product| product["sku"].is_string());
        ensure!(named, "it is no catalogue: a product has no SKU");
        Ok(catalogue)
    }

    /// As a file.
    ///
    /// # Errors
    /// When it cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String> {
        Ok(serde_yaml_ng::to_string(self)?)
    }

    /// How many products it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// What each SKU costs.
    #[must_use]
    pub fn skus(&self) -> SkuOf {
        let priced = |product: &Value| product["prices"][CURRENCY].as_i64();
        let named = |product: &Value| Some((product["sku"].as_str()?.to_owned(), priced(product)));
        SkuOf(self.products.iter().filter_map(named).collect())
    }
}

/// Products for the items that `taken` does not sell.
fn products(books: &Books, taken: &SkuOf) -> Vec<Product> {
    let sold = sold(books);
    let mut usual: HashMap<&str, (u32, i64)> = HashMap::new();
    // By code, then by price: of two prices as frequent, the lower one comes first and stays.
    for (item, (invoices, _)) in &sold {
        let most = usual.entry(&item.code).or_insert((*invoices, item.price));
        if *invoices > most.0 {
            *most = (*invoices, item.price);
        }
    }
    let mut products = BTreeMap::new();
    for (item, (_, units)) in sold.iter().filter(|(item, _)| taken.find(item).is_none()) {
        let is_usual = usual.get(item.code.as_str()).is_some_and(|(_, price)| *price == item.price);
        let sku = if is_usual && !taken.has(&item.code) { item.code.clone() } else { at_price(item) };
        if let Entry::Vacant(free) = products.entry(sku.clone())
            && !taken.has(&sku)
            && sku.len() <= SKU
        {
            let (name, prices) = (name(books, &item.code), BTreeMap::from([(CURRENCY, item.price)]));
            free.insert(Product { sku, name, prices, stock: units.saturating_mul(SHELF).min(STOCK) });
        }
    }
    products.into_values().collect()
}

/// Every item, with the number of invoices and of units.
fn sold(books: &Books) -> BTreeMap<&Item, (u32, i64)> {
    let mut sold: BTreeMap<&Item, (u32, i64)> = BTreeMap::new();
    for (item, units) in books.sales.iter().flat_map(|sale| &sale.units) {
        let (invoices, all) = sold.entry(item).or_default();
        *invoices += 1;
        *all += units;
    }
    sold
}

/// What most rows call it; the code itself when none calls it anything.
fn name(books: &Books, code: &str) -> String {
    let names = books.names.get(code).into_iter().flatten().filter(|(name, _)| !name.is_empty());
    let by_use: BTreeSet<_> = names.map(|(name, count)| (std::cmp::Reverse(*count), name)).collect();
    by_use.first().map_or(code, |(_, name)| name.as_str()).chars().take(NAME).collect()
}

#[cfg(test)]
mod tests;
