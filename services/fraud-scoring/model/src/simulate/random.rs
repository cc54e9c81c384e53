//! Draws that several parts need. All from one seeded generator, whose numbers are the same on every machine.

use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, Exp1, Poisson, StandardNormal};

/// Where every draw comes from.
pub type Dice = Xoshiro256PlusPlus;

/// `mean` plus a normal deviation.
pub fn normal(dice: &mut Dice, mean: f64, deviation: f64) -> f64 {
    let standard: f64 = StandardNormal.sample(dice);
    mean + deviation * standard
}

/// A log-normal number by its median.
pub fn around(dice: &mut Dice, median: f64, sigma: f64) -> f64 {
    median * normal(dice, 0.0, sigma).exp()
}

/// The time to the next of things that come at random.
pub fn waiting(dice: &mut Dice, mean: f64) -> f64 {
    let standard: f64 = Exp1.sample(dice);
    mean * standard
}

/// How many of things that come at random, `mean` on average.
pub fn how_many(dice: &mut Dice, mean: f64) -> u32 {
    // Out of range only for means that are zero or no number: then none come.
    Poisson::new(mean).map_or(0, |poisson: Poisson<f64>| poisson.sample(dice) as u32)
}

/// One of a list by its weights.
pub fn pick(dice: &mut Dice, weights: &[f64]) -> usize {
    let mut left = dice.random_range(0.0..weights.iter().sum());
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}
