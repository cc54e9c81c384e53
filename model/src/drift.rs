//! How far numbers have moved away from those of training, told by bins: nothing but counts is kept.
//!
//! Unknown numbers (NaN) have a bin of their own, behind all others: for the Kolmogorov-Smirnov statistic, which needs an
//! order, unknown is the greatest number there is.

#[cfg(test)]
mod tests;

use crate::manifest::{Distribution, FeatureDistribution};

/// No share counts as less, so that one order in an empty bin is not infinitely far away. Half an order does the same for
/// few orders.
const LEAST_SHARE: f64 = 1e-4;

/// Where numbers were in training.
#[derive(Clone, Debug)]
pub struct Bins {
    /// In 32 bits, as the numbers are: the last digit of a longer one, as JSON brings it, would move those that are equal
    /// to an edge into the next bin.
    edges: Vec<f32>,
    /// One a bin, unknown last.
    shares: Vec<f64>,
}

/// How far away numbers are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// Population stability index, less what as many numbers straight from training would show; 0 or more.
    pub psi: f64,
    /// Kolmogorov-Smirnov statistic, 0 to 1.
    pub ks: f64,
}

impl Bins {
    /// Those of a feature.
    #[must_use]
    pub fn of_feature(feature: &FeatureDistribution) -> Self {
        Self::new(&feature.edges, &feature.shares)
    }

    /// Those of the score.
    #[must_use]
    pub fn of_score(score: &Distribution) -> Self {
        Self::new(&score.edges, &score.shares)
    }

    fn new(edges: &[f64], shares: &[f64]) -> Self {
        let mut shares = shares.to_vec();
        shares.resize(edges.len() + 2, 0.0);
        Self { edges: edges.iter().map(|edge| *edge as f32).collect(), shares }
    }

    /// How many there are; one, at least, for numbers, and one for unknown.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // there are always some
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Which of them a number is in.
    #[must_use]
    pub fn place(&self, number: f32) -> usize {
        if number.is_nan() {
            return self.edges.len() + 1;
        }
        self.edges.partition_point(|edge| *edge < number)
    }

    /// How far away numbers are of which each bin holds so many.
    #[must_use]
    pub fn distance(&self, counts: &[u64]) -> Distance {
        let unbiased = psi(&self.shares, counts) - expected_psi(&self.shares, counts);
        Distance { psi: unbiased.max(0.0), ks: ks(&self.shares, counts) }
    }
}

/// The population stability index, Σ (p − q) · ln(p ∕ q) over bins with the shares q before and p now (N. Siddiqi, Credit
/// Risk Scorecards, 2006, ch. 9): the symmetric Kullback-Leibler divergence of J. Jeffreys. 0 where nothing has moved.
/// By convention below 0.1 is stable and above 0.25 is another population. No numbers: 0.
///
/// It is never below four times the square of [`ks`] (Pinsker's inequality, both ways), so a limit for it is one for that.
#[must_use]
pub fn psi(shares: &[f64], counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return 0.0;
    }
    let least = LEAST_SHARE.max(0.5 / all as f64);
    let term = |(share, count): (&f64, &u64)| {
        let (before, now) = (share.max(least), (*count as f64 / all as f64).max(least));
        (now - before) * (now / before).ln()
    };
    shares.iter().zip(counts).map(term).sum()
}

/// What the index is on average for numbers from the same population: (bins − 1) ∕ numbers, where training had far more of
/// them (B. Yurdakul, J. Naranjo, Statistical properties of the population stability index, Journal of Risk Model
/// Validation 14(4), 2020). Bins that are empty before and now do not count.
fn expected_psi(shares: &[f64], counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    let used = shares.iter().zip(counts).filter(|(share, count)| **share > 0.0 || **count > 0).count();
    used.saturating_sub(1) as f64 / all.max(1) as f64
}

/// The two-sample Kolmogorov-Smirnov statistic, the largest distance between both cumulative distributions, looked at where
/// bins meet: that of binned numbers, which is at most that of the numbers themselves. No numbers: 0.
#[must_use]
pub fn ks(shares: &[f64], counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return 0.0;
    }
    let (mut before, mut now, mut largest) = (0.0, 0.0, 0.0_f64);
    for (share, count) in shares.iter().zip(counts) {
        before += share;
        now += *count as f64 / all as f64;
        largest = largest.max((now - before).abs());
    }
    largest
}
