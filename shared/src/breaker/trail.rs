//! Tells `audit` of a breaker's moves.

use super::Move;
use crate::{envelope::ids, events::BreakerMoved, runtime::Teller};

/// Tells of moves one after the other.
pub(crate) struct Trail {
    /// Where they are told.
    pub teller: Teller<BreakerMoved>,
    /// The service.
    pub service: &'static str,
    /// Which of its instances.
    pub instance: String,
    /// The dependency.
    pub breaker: &'static str,
}

impl Trail {
    /// Notes a move, to be told when Kafka takes it.
    pub fn tell(&self, moved: Move) {
        let (at, to) = (moved.at.as_microsecond().to_string(), moved.to.name());
        let id = ids::from_parts(&[self.service, &self.instance, self.breaker, &at, to]);
        let record = BreakerMoved {
            service: self.service.to_owned(),
            instance: self.instance.clone(),
            breaker: self.breaker.to_owned(),
            from: moved.from.name().to_owned(),
            to: to.to_owned(),
            reason: moved.reason.to_owned(),
            moved_at: moved.at,
        };
        self.teller.tell(id, record);
    }
}
