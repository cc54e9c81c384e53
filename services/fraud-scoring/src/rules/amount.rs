//! Rules about money.

use super::{Limits, Rule, yes};
use crate::features::Features;

/// Fewer earlier orders than this say nothing about what a customer usually spends.
const ENOUGH_FOR_AVERAGE: i64 = 3;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "amount_high",
        text: "the amount is {} times the limit for a high one",
        ladder: &[(1.0, 0.15), (5.0, 0.25)],
        measure: |features, limits| ratio(features.amount, limits.high as f64),
    },
    Rule {
        code: "amount_above_average",
        text: "the amount is {} times what this customer usually spends",
        ladder: &[(5.0, 0.15), (10.0, 0.25)],
        measure: times_average,
    },
    Rule {
        code: "amount_24h",
        text: "several orders within 24 h add up to {} times the limit for a high amount",
        ladder: &[(5.0, 0.20), (10.0, 0.35)],
        measure: |features, limits| {
            yes(features.orders_24h > 1) * ratio(features.amount_24h, limits.high as f64)
        },
    },
    Rule {
        code: "small_then_large",
        text: "{} small charges within 5 minutes, then a large one",
        ladder: &[(2.0, 0.25), (3.0, 0.88)],
        // Not by card: some ways of payment share one token among many customers.
        measure: |features, limits| {
            let small = features.small_300s.max(features.by_device.small_300s);
            yes(features.amount >= limits.large()) * small as f64
        },
    },
];

fn times_average(features: &Features, limits: &Limits) -> f64 {
    match features.average_amount {
        Some(average) if features.average_of >= ENOUGH_FOR_AVERAGE && features.amount >= limits.large() => {
            ratio(features.amount, average)
        }
        _ => 0.0,
    }
}

fn ratio(amount: i64, to: f64) -> f64 {
    if to > 0.0 { amount as f64 / to } else { 0.0 }
}
