//! What a ranking is made from: what points at products, and what products have to do with each other.

use std::collections::{HashMap, HashSet};

/// How a product has come into a customer's context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It lies in the cart.
    Cart,
    /// It was viewed.
    Viewed,
    /// It was bought.
    Bought,
}

/// A product that points at others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clue {
    /// How it has come here.
    pub kind: Kind,
    /// The product.
    pub sku: String,
}

/// What is known of a customer, as far as it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// By kind, the newest first within each: cart, views, purchases. No product twice.
    pub clues: Vec<Clue>,
    /// Not to be recommended: bought, or in the cart.
    pub excluded: HashSet<String>,
}

/// Products and their weights, those of [`Decay`](crate::decay::Decay).
pub type Weighed = HashMap<String, f64>;

/// What has to do with the clues of one or several contexts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Relations {
    /// For a product: with which others it was bought, and how often.
    pub bought: HashMap<String, Weighed>,
    /// For a product: with which others it was viewed, and how often.
    pub viewed: HashMap<String, Weighed>,
    /// For every product in a row of those bought: in how many orders it was.
    pub orders: Weighed,
    /// For every product in a row of those viewed: in how many visits it was viewed.
    pub views: Weighed,
    /// The products in most orders, the most popular first.
    pub popular: Vec<String>,
}
