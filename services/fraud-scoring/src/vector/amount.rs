//! Features of money. Amounts are compared with the customer's own in the same currency, never across currencies.

use super::{Feature, log, log_ratio};
use crate::features::Features;

/// A deviation beyond this many spreads says no more than this many.
const MOST_SPREADS: f64 = 100.0;

pub(super) const FEATURES: &[Feature] = &[
    Feature::new("amount_log", "ln of minor units", "ln(1 + total)", |f| log(f.amount as f64)),
    Feature::new(
        "amount_to_average",
        "ln of a ratio",
        "the total against the mean of the customer's earlier ones in this currency within 90 d",
        |f| f.average_amount.map_or(f64::NAN, |average| log_ratio(f.amount, average)),
    ),
    Feature::new(
        "amount_deviation",
        "spreads",
        "how many standard deviations the total is above that mean, from −100 to 100; of 3 earlier ones or more; a \
         spread counts as at least 5 % of the mean",
        deviation,
    ),
    Feature::new(
        "amount_to_largest_24h",
        "ln of a ratio",
        "the total against the customer's largest earlier one in this currency within 24 h",
        |f| f.largest_24h.map_or(f64::NAN, |largest| log_ratio(f.amount, largest as f64)),
    ),
    Feature::new(
        "amount_24h_log",
        "ln of minor units",
        "ln(1 + what the customer's orders in this currency within 24 h add up to)",
        |f| log(f.amount_24h as f64),
    ),
    Feature::new(
        "small_charges_1h",
        "orders",
        "earlier small charges within 1 h: the customer's, with this card or on this device, whichever are most",
        |f| f.small_1h.max(f.by_card.small_1h).max(f.by_device.small_1h) as f64,
    ),
];

/// Equal amounts have no spread, and two say nothing of one: hence the least of both.
fn deviation(features: &Features) -> f64 {
    match features.average_amount {
        Some(average) if features.average_of >= 3 => {
            let spread = (features.spread as f64).max(average * 0.05).max(1.0);
            ((features.amount as f64 - average) / spread).clamp(-MOST_SPREADS, MOST_SPREADS)
        }
        _ => f64::NAN,
    }
}
