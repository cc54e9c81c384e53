//! The one definition of what a model looks at: a vector of named numbers, made of [`Features`]. What decides, what
//! travels in the decision and what a model is trained on are this vector.
//!
//! Invariant: every number is finite or [`f32::NAN`], which stands for unknown. It has at most four decimals: then it
//! comes back bit by bit from JSON, and the last digit of a logarithm, which differs between machines, does not show.

mod amount;
mod circumstance;
mod identity;
mod velocity;

use crate::features::{Familiarity, Features, Sharing};

/// The version of this definition. Moves when a feature is added, removed, renamed or computed in another way; then
/// models are trained anew on what is replayed.
pub const DEFINITION: u32 = 1;

/// How many features a vector has.
pub const LEN: usize = amount::FEATURES.len()
    + velocity::FEATURES.len()
    + identity::FEATURES.len()
    + circumstance::FEATURES.len();

/// One number of a vector.
pub struct Feature {
    /// Stable: models and reports know it by this name.
    pub name: &'static str,
    /// In what it is counted.
    pub unit: &'static str,
    /// How it is computed, for people. `README.md` has the same line.
    pub doc: &'static str,
    /// The number itself; whatever is not finite stands for unknown.
    of: fn(&Features) -> f64,
}

impl Feature {
    const fn new(
        name: &'static str,
        unit: &'static str,
        doc: &'static str,
        of: fn(&Features) -> f64,
    ) -> Self {
        Self { name, unit, doc, of }
    }
}

/// Every feature, in the sequence of the vector.
pub fn all() -> impl Iterator<Item = &'static Feature> {
    [amount::FEATURES, velocity::FEATURES, identity::FEATURES, circumstance::FEATURES].into_iter().flatten()
}

/// Their names, in the sequence of the vector.
#[must_use]
pub fn names() -> [&'static str; LEN] {
    let mut names = [""; LEN];
    names.iter_mut().zip(all()).for_each(|(place, feature)| *place = feature.name);
    names
}

/// The vector of an order with these features.
#[must_use]
pub fn vector(features: &Features) -> [f32; LEN] {
    let mut vector = [f32::NAN; LEN];
    vector.iter_mut().zip(all()).for_each(|(place, feature)| *place = kept((feature.of)(features)));
    vector
}

/// The number as the vector has it. There is one way to write unknown and one way to write zero.
fn kept(value: f64) -> f32 {
    let rounded = ((value * 1e4).round() / 1e4) as f32 + 0.0;
    if rounded.is_finite() { rounded } else { f32::NAN }
}

/// `ln(1 + number)`: evens out numbers that reach from one to millions. Less than none is none.
fn log(number: f64) -> f64 {
    number.max(0.0).ln_1p()
}

/// `ln((1 + amount) / (1 + to))`: 0 where both are the same, finite whatever they are.
fn log_ratio(amount: i64, to: f64) -> f64 {
    log(amount as f64) - log(to)
}

/// 1 when so, else 0.
fn yes(so: bool) -> f64 {
    if so { 1.0 } else { 0.0 }
}

/// 1 when the profile knows only others, 0 when it knows this one.
fn is_new(familiarity: Familiarity) -> f64 {
    match familiarity {
        Familiarity::Unknown => f64::NAN,
        Familiarity::Known => 0.0,
        Familiarity::New => 1.0,
    }
}

/// A number of what is shared; unknown where the order does not say what it shares.
fn shared(sharing: &Sharing, number: fn(&Sharing) -> i64) -> f64 {
    if sharing.orders_24h > 0 { number(sharing) as f64 } else { f64::NAN }
}

#[cfg(test)]
#[path = "vector_tests.rs"]
mod tests;
