//! Products by weight, as the scripts keep them.

use std::{cmp::Ordering, collections::HashMap};

use crate::evidence::Weighed;

/// Products by weight.
#[derive(Debug, Clone, Default)]
pub struct Weights(Weighed);

impl Weights {
    /// Adds to a product's weight.
    pub fn add(&mut self, sku: &str, weight: f64) {
        match self.0.get_mut(sku) {
            Some(known) => *known += weight,
            None => drop(self.0.insert(sku.to_owned(), weight)),
        }
    }

    /// The weight of a product.
    pub fn of(&self, sku: &str) -> Option<f64> {
        self.0.get(sku).copied()
    }

    /// All of them.
    pub fn all(&self) -> Weighed {
        self.0.clone()
    }

    /// The heaviest first.
    pub fn heaviest(&self, count: usize) -> Vec<String> {
        self.sorted().take(count).map(|(sku, _)| sku.to_owned()).collect()
    }

    /// Once there are half as many more, the lightest beyond `count` go.
    pub fn keep_heaviest(&mut self, count: usize) {
        if 2 * self.0.len() > 3 * count {
            let kept = self.sorted().take(count).map(|(sku, weight)| (sku.to_owned(), weight));
            self.0 = kept.collect::<HashMap<_, _>>();
        }
    }

    /// The heaviest first; of equal ones the one that comes later in the alphabet, as Redis has it.
    fn sorted(&self) -> impl Iterator<Item = (&str, f64)> {
        let mut all: Vec<(&str, f64)> = self.0.iter().map(|(sku, weight)| (sku.as_str(), *weight)).collect();
        all.sort_unstable_by(|a, b| descending(*a, *b));
        all.into_iter()
    }
}

fn descending(a: (&str, f64), b: (&str, f64)) -> Ordering {
    b.1.total_cmp(&a.1).then_with(|| b.0.cmp(a.0))
}
