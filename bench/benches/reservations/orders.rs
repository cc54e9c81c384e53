//! Orders of two SKUs, a unit of each.

use inventory::{Reservation, domain::Wanted};
use rand::RngExt;
use uuid::Uuid;

/// Different goods.
pub const SKUS: u64 = 1_000;

/// An order that nobody has seen.
pub fn order() -> Reservation {
    let mut random = rand::rng();
    let first = random.random_range(0..SKUS);
    let second = (first + random.random_range(1..SKUS)) % SKUS;
    let lines = [first, second].map(|number| Wanted { sku: sku(number), units: 1 });
    Reservation { order_id: Uuid::new_v4(), lines: lines.into() }
}

/// A name as `redis-benchmark` can make it up: a number of twelve digits.
pub fn sku(number: u64) -> String {
    format!("{number:012}")
}
