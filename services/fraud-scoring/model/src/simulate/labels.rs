//! When anybody hears of a fraud.

use rand::RngExt;

use super::{
    DAY, Scenario,
    random::{Dice, waiting},
};

/// Share of the fraud nobody ever reports.
const UNREPORTED: f64 = 0.03;
/// Days after which a victim looks at the account at the earliest, and how long that takes on average beyond.
const NOTICED: (f64, f64) = (0.5, 3.0);
/// Days a leak stays unknown: from and to.
const LEAK_KNOWN: (f64, f64) = (20.0, 45.0);

/// When the fraud placed at `at` is reported (microseconds since 1970 UTC); none where nobody ever does.
pub fn reported(dice: &mut Dice, scenario: Scenario, at: i64) -> Option<i64> {
    let days = match scenario {
        Scenario::LeakedCards => dice.random_range(LEAK_KNOWN.0..LEAK_KNOWN.1),
        _ => NOTICED.0 + waiting(dice, NOTICED.1),
    };
    (!dice.random_bool(UNREPORTED)).then(|| at + (days * DAY as f64) as i64)
}
