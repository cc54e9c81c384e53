//! Features of the order itself: its countries, its time of day, its items.

use std::f64::consts::TAU;

use super::{Feature, log, yes};
use crate::{
    features::Features,
    windows::{DAY, SECOND},
};

pub(super) const FEATURES: &[Feature] = &[
    Feature::new("delivery_abroad", "0 or 1", "billing and delivery are in different countries", |f| {
        yes(f.delivery_abroad)
    }),
    Feature::new("ip_elsewhere", "0 or 1", "the caller is in neither of those countries", |f| {
        if f.ip_country_known { yes(f.ip_elsewhere) } else { f64::NAN }
    }),
    Feature::new("hour_sine", "−1 to 1", "sine of the time of day, UTC: 0 h is 0, 6 h is 1", |f| {
        turn(f).sin()
    }),
    Feature::new("hour_cosine", "−1 to 1", "cosine of the time of day, UTC: 0 h is 1, 12 h is −1", |f| {
        turn(f).cos()
    }),
    Feature::new(
        "hour_usual_share",
        "0 to 1",
        "of the customer's earlier orders within 90 d, those within 3 h of this time of day",
        |f| f.near_this_hour as f64 / f.known_orders as f64,
    ),
    Feature::new("line_count", "lines", "of the order", |f| f.lines as f64),
    Feature::new("units_log", "ln of units", "ln(1 + units of all lines)", |f| log(f.units as f64)),
    Feature::new("costliest_line_share", "0 to 1", "of the sum of all lines, the costliest one", |f| {
        f.costliest_line as f64 / f.lines_total as f64
    }),
    Feature::new("mean_unit_price_log", "ln of minor units", "ln(1 + mean price of a unit)", |f| {
        log(f.lines_total as f64 / f.units as f64)
    }),
];

/// How far the day has turned, in radians.
fn turn(features: &Features) -> f64 {
    features.second_of_day as f64 / (DAY / SECOND) as f64 * TAU
}
