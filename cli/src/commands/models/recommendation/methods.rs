//! Who answers: what everybody buys, what everybody has bought lately, and the service's ranking.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use recommendation::{
    evidence::{Context, Relations},
    ranking::{MODEL_VERSION, rank},
};

use super::{baskets::Basket, metrics::LONGEST};

/// The methods, as the table names them.
pub(super) const NAMES: [&str; 3] = ["popularity", "last month's popularity", MODEL_VERSION];

/// Which of them the others are measured by.
pub(super) const BASELINE: usize = 0;

/// What each method knows after training.
pub(super) struct Methods {
    /// All products by how many baskets they were in.
    popular: Vec<String>,
    /// The same of the last four weeks.
    lately: Vec<String>,
    relations: Relations,
}

/// A question: what is known when it is asked.
pub(super) struct Asked<'a> {
    /// What the service would know of the customer.
    pub context: &'a Context,
    /// Everything the customer has, bought or in the cart: nobody recommends these.
    pub has: &'a HashSet<&'a str>,
    /// The unit of the relations' weights at that time.
    pub unit: f64,
}

impl Methods {
    /// After these baskets, of which those since `lately` are the last month's.
    pub fn new<'a>(
        trained_by: impl Iterator<Item = &'a Basket> + Clone,
        lately: Timestamp,
        relations: Relations,
    ) -> Self {
        Self {
            popular: by_count(trained_by.clone()),
            lately: by_count(trained_by.filter(|basket| basket.at >= lately)),
            relations,
        }
    }

    /// The lists, best first, in the order of [`NAMES`].
    pub fn answer(&self, asked: &Asked<'_>) -> [Vec<String>; NAMES.len()] {
        let new = |list: &[String]| {
            list.iter().filter(|sku| !asked.has.contains(sku.as_str())).take(LONGEST).cloned().collect()
        };
        let ranked = rank(asked.context, &self.relations, asked.unit, LONGEST);
        [new(&self.popular), new(&self.lately), ranked.items.into_iter().map(|item| item.sku).collect()]
    }
}

/// Products by how many baskets they are in; of equally many, in the order of the alphabet.
fn by_count<'a>(baskets: impl Iterator<Item = &'a Basket>) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for sku in baskets.flat_map(|basket| &basket.skus) {
        *counts.entry(sku).or_default() += 1;
    }
    let mut all: Vec<(&str, usize)> = counts.into_iter().collect();
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    all.into_iter().map(|(sku, _)| sku.to_owned()).collect()
}
