//! What the scripts learn, in plain Rust: the twin of `associations.lua` and `learn.lua`, held to them by a property test,
//! and the model that `orderflow models evaluate recommendation` trains.

mod customer;
mod weights;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    decay::Decay,
    evidence::{Context, Relations, Weighed},
    lesson::{Deed, Lesson},
    limits::{BASKET, NEIGHBOURS, POPULAR},
};
use customer::Customer;
use weights::Weights;

/// Relations between products, and what customers have done.
#[derive(Debug, Clone)]
pub struct Memory {
    decay: Decay,
    every: SignedDuration,
    orders: Weights,
    views: Weights,
    bought: HashMap<String, Weights>,
    viewed: HashMap<String, Weights>,
    customers: HashMap<String, Customer>,
    /// What has been learnt from, and whether it is to be answered with recommendations.
    learnt: HashMap<Uuid, bool>,
}

impl Memory {
    /// Nothing learnt yet. After activity, recommendations are due at most once in `every` of a customer.
    #[must_use]
    pub fn new(decay: Decay, every: SignedDuration) -> Self {
        Self {
            decay,
            every,
            orders: Weights::default(),
            views: Weights::default(),
            bought: HashMap::new(),
            viewed: HashMap::new(),
            customers: HashMap::new(),
            learnt: HashMap::new(),
        }
    }

    /// Learns from an event, once; whether recommendations are due.
    pub fn learn(&mut self, lesson: &Lesson) -> bool {
        if let Some(due) = self.learnt.get(&lesson.event) {
            return *due;
        }
        match lesson.deed {
            Deed::Ordered => self.relate_order(lesson),
            Deed::Viewed => self.relate_view(lesson),
            Deed::Cart => {}
        }
        self.remember(lesson);
        let customer = self.customers.entry(lesson.customer.clone()).or_default();
        let due = customer.is_due(lesson, self.every);
        self.learnt.insert(lesson.event, due);
        due
    }

    /// Notes what a customer has done, and learns nothing about products: for a customer whose behaviour must not train
    /// what it is compared with.
    pub fn remember(&mut self, lesson: &Lesson) {
        self.customers.entry(lesson.customer.clone()).or_default().remember(lesson);
    }

    /// What is known of a customer; nothing of an unknown one.
    #[must_use]
    pub fn context(&self, customer: &str) -> Context {
        self.customers.get(customer).map(Customer::context).unwrap_or_default()
    }

    /// What has to do with these products.
    #[must_use]
    pub fn relations<'a>(&self, skus: impl IntoIterator<Item = &'a str>) -> Relations {
        let skus: Vec<&str> = skus.into_iter().collect();
        let (bought, orders) = rows(&skus, &self.bought, &self.orders);
        let (viewed, views) = rows(&skus, &self.viewed, &self.views);
        let popular = self.orders.heaviest(POPULAR);
        Relations { bought, viewed, orders, views, popular }
    }

    /// The unit of weights at a moment.
    #[must_use]
    pub fn unit(&self, at: Timestamp) -> f64 {
        self.decay.weight(at)
    }

    fn relate_order(&mut self, lesson: &Lesson) {
        let weight = self.decay.weight(lesson.at);
        for sku in &lesson.skus {
            self.orders.add(sku, weight);
        }
        let together = &lesson.skus[..lesson.skus.len().min(BASKET)];
        let share = weight / together.len().saturating_sub(1) as f64;
        for sku in together.iter().filter(|_| together.len() > 1) {
            let row = self.bought.entry(sku.clone()).or_default();
            for other in together.iter().filter(|other| *other != sku) {
                row.add(other, share);
            }
            row.keep_heaviest(NEIGHBOURS);
        }
    }

    fn relate_view(&mut self, lesson: &Lesson) {
        let Some(sku) = lesson.skus.first() else { return };
        let before = self.customers.get(&lesson.customer);
        let Some(others) = before.map_or(Some(Vec::new()), |customer| customer.viewed_before(sku, lesson.at))
        else {
            return; // looked at again within one visit
        };
        let weight = self.decay.weight(lesson.at);
        self.views.add(sku, weight);
        for other in &others {
            let theirs = self.viewed.entry(other.clone()).or_default();
            theirs.add(sku, weight);
            theirs.keep_heaviest(NEIGHBOURS);
            self.viewed.entry(sku.clone()).or_default().add(other, weight);
        }
        if let Some(own) = self.viewed.get_mut(sku) {
            own.keep_heaviest(NEIGHBOURS);
        }
    }
}

/// The rows of these products, and the weights of all that stand in them.
fn rows(
    skus: &[&str],
    known: &HashMap<String, Weights>,
    weights: &Weights,
) -> (HashMap<String, Weighed>, Weighed) {
    let row = |sku: &str| known.get(sku).map(Weights::all).unwrap_or_default();
    let rows: HashMap<String, Weighed> = skus.iter().map(|sku| ((*sku).to_owned(), row(sku))).collect();
    let full = rows.iter().filter(|(_, row)| !row.is_empty());
    let named = full.flat_map(|(sku, row)| row.keys().chain([sku]));
    let weighed = named.filter_map(|sku| Some((sku.clone(), weights.of(sku)?))).collect();
    (rows, weighed)
}
