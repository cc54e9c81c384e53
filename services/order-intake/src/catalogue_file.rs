//! The catalogue's file format (YAML), with every mistake reported at once.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::catalogue::{Catalogue, Product};

/// Dearest unit and largest stock; both leave room for sums below 2^53.
const MAX_PRICE: i64 = 1_000_000_000;
const MAX_STOCK: i64 = 1_000_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    published_at: String,
    products: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sku: String,
    name: String,
    prices: BTreeMap<String, i64>,
    #[serde(default)]
    weight_grams: Option<u32>,
    #[serde(default)]
    stock: i64,
}

/// Reads a catalogue.
///
/// # Errors
/// Every mistake, one text each.
pub fn parse(text: &str) -> Result<Catalogue, Vec<String>> {
    let file: File = serde_yaml_ng::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut mistakes = Vec::new();
    if file.version.trim().is_empty() || file.version.len() > 64 {
        mistakes.push("version: 1 to 64 characters".to_owned());
    }
    let published_at = file.published_at.parse::<Timestamp>().unwrap_or_else(|error| {
        mistakes.push(format!("published_at: a UTC time such as 2026-11-01T00:00:00Z ({error})"));
        Timestamp::UNIX_EPOCH
    });
    let products = products(file.products, &mut mistakes);
    if mistakes.is_empty() { Ok(Catalogue::new(file.version, published_at, products)) } else { Err(mistakes) }
}

fn products(values: Vec<Value>, mistakes: &mut Vec<String>) -> Vec<Product> {
    let mut seen = HashSet::new();
    let mut products = Vec::with_capacity(values.len());
    if values.is_empty() {
        mistakes.push("products: at least one".to_owned());
    }
    for (index, value) in values.into_iter().enumerate() {
        match serde_yaml_ng::from_value::<Entry>(value) {
            Err(error) => mistakes.push(format!("product {}: {error}", index + 1)),
            Ok(entry) => {
                mistakes.extend(
                    of_entry(&entry).map(|what| format!("product {} ({}): {what}", index + 1, entry.sku)),
                );
                if !seen.insert(entry.sku.clone()) {
                    mistakes.push(format!("product {} ({}): the SKU is there twice", index + 1, entry.sku));
                }
                products.push(entry.into());
            }
        }
    }
    products
}

/// What is wrong with one entry.
fn of_entry(entry: &Entry) -> impl Iterator<Item = &'static str> {
    let sku = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_' || b == b'.';
    let currency = |code: &String| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    [
        (
            (1..=64).contains(&entry.sku.len()) && entry.sku.bytes().all(sku),
            "sku: 1 to 64 capitals, digits and - _ .",
        ),
        ((1..=200).contains(&entry.name.trim().chars().count()), "name: 1 to 200 characters"),
        (!entry.prices.is_empty(), "prices: at least one"),
        (entry.prices.keys().all(currency), "prices: currencies are three capital letters (ISO 4217)"),
        (entry.prices.values().all(|price| (1..=MAX_PRICE).contains(price)), "prices: 1 to 10^9 minor units"),
        (entry.weight_grams != Some(0), "weight_grams: at least 1"),
        ((0..=MAX_STOCK).contains(&entry.stock), "stock: 0 to 10^9 units"),
    ]
    .into_iter()
    .filter_map(|(holds, what)| (!holds).then_some(what))
}

impl From<Entry> for Product {
    fn from(entry: Entry) -> Self {
        let Entry { sku, name, prices, weight_grams, stock } = entry;
        Self { sku, name, prices, weight_grams, stock }
    }
}
