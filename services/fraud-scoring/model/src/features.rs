//! What the service would have known of each order: its own code, fed with simulated orders instead of the log.

use fraud_scoring::{
    features::Features,
    rules::{Limits, Rules},
    sighting::Sighting,
    vector::{LEN, vector},
    windows::{DAY, Windows},
};
use orderflow::events::Order;

/// The limits of amounts that the service has unless a setting says otherwise, minor units.
const LIMITS: Limits = Limits { high: 100_000, small: 1_000 };

/// What is known of one order when it is placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The vector a model looks at.
    pub vector: [f32; LEN],
    /// What the rules say of it, 0 to 1.
    pub rules: f64,
    /// Billing and delivery are in different countries.
    pub delivery_abroad: bool,
    /// That, or the caller is in neither of them.
    pub mismatch: bool,
}

/// The orders so far, as the service remembers them.
#[derive(Debug)]
pub struct Memory {
    windows: Windows,
    rules: Rules,
    small: i64,
    /// Up to which time what has ended is forgotten, microseconds since 1970 UTC.
    swept: i64,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(LIMITS.small)
    }
}

impl Memory {
    /// Nothing yet. Charges up to `small` (minor units) are small ones: the service's `FRAUD_SMALL_AMOUNT`.
    #[must_use]
    pub fn new(small: i64) -> Self {
        Self {
            windows: Windows::default(),
            rules: Rules::new(Limits { small, ..LIMITS }),
            small,
            swept: i64::MIN,
        }
    }

    /// Looks at an order, then remembers it. Orders come by `placed_at`.
    pub fn see(&mut self, order: &Order) -> Seen {
        let history = self.windows.look_back(&Sighting::of(order.order_id, order), self.small);
        self.forget_ended(order.placed_at.as_microsecond());
        let features = Features::of(order, &history);
        Seen {
            vector: vector(&features),
            rules: self.rules.judge(&features).value,
            delivery_abroad: features.delivery_abroad,
            mismatch: features.delivery_abroad || features.ip_elsewhere,
        }
    }

    /// Once a day: what is remembered grows with three months of customers, not with the simulated time.
    fn forget_ended(&mut self, now: i64) {
        if now >= self.swept.saturating_add(DAY) {
            self.windows.forget_ended(now);
            self.swept = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use fraud_scoring::replay::Replay;

    use super::*;
    use crate::simulate::{Settings, Simulation};

    #[test]
    fn what_is_trained_on_is_what_a_replay_of_the_log_gives() {
        let (mut memory, mut replay) = (Memory::default(), Replay::new(LIMITS.small));
        for placed in Simulation::new(Settings { seed: 2, days: 30, customers: 200 }) {
            let order = &placed.order;
            let bits = |vector: [f32; LEN]| vector.map(f32::to_bits);
            assert_eq!(bits(memory.see(order).vector), bits(replay.vector(order.order_id, order)));
        }
    }
}
