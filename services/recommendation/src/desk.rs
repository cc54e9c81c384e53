//! What every route works with.

use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    http::{InFlight, Problem, callers::Callers, query::Query},
};

use crate::{associations::Associations, limits::ITEMS, problem_kind::INVALID_QUERY};

/// The adapters and settings behind the routes.
pub struct Desk {
    /// What is known.
    pub associations: Associations,
    /// Who calls.
    pub callers: Callers,
    /// How many requests are handled at once.
    pub in_flight: InFlight,
    /// The time.
    pub clock: Clock,
    /// How many products are shown, unless a caller says otherwise.
    pub items: usize,
}

impl Desk {
    /// The number of products a caller asks for.
    ///
    /// # Errors
    /// 400 for parameters that cannot be meant.
    pub fn limit(&self, pairs: Vec<(String, String)>) -> Result<usize, Problem> {
        let mut query = Query::new(pairs);
        let limit = query.limit(self.items, ITEMS);
        query.finish(&INVALID_QUERY)?;
        Ok(limit)
    }

    /// Now, and the unit in which weights are read now.
    pub fn now(&self) -> (Timestamp, f64) {
        let now = self.clock.now();
        (now, self.associations.decay().weight(now))
    }
}
