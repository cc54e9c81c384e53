//! Which records of a producer are on their way, and whether one of them was lost.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use rdkafka::{ClientContext, error::KafkaError, message::DeliveryResult, producer::ProducerContext};

/// The records of one producer that have no answer yet. The client tells of each on a thread of its own; whoever waits
/// for all of them sleeps until the last.
#[derive(Default)]
pub(super) struct Flight {
    records: Mutex<Records>,
    landed: Condvar,
}

#[derive(Default)]
struct Records {
    flying: usize,
    /// Why the first was not delivered that was not.
    failed: Option<KafkaError>,
}

impl Flight {
    /// So many more are on their way. To be said before they are handed over: an answer may come at once.
    pub fn begin(&self, count: usize) {
        self.records().flying += count;
    }

    /// The client has not taken so many of those that were said to begin.
    pub fn never_began(&self, count: usize) {
        self.end(count, None);
    }

    /// Leaves behind what has failed before.
    pub fn forget(&self) {
        self.records().failed = None;
    }

    /// Waits until none is on its way, at most until then; returns, once, why one was not delivered.
    pub fn landed(&self, deadline: Instant) -> Option<KafkaError> {
        let patience = deadline.saturating_duration_since(Instant::now());
        let waited = self.landed.wait_timeout_while(self.records(), patience, |records| records.flying > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.failed.take()
    }

    fn end(&self, count: usize, failed: Option<KafkaError>) {
        let mut records = self.records();
        records.flying = records.flying.saturating_sub(count);
        if let Some(error) = failed {
            records.failed.get_or_insert(error);
        }
        if records.flying == 0 {
            self.landed.notify_all();
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Flight {}

impl ProducerContext for Flight {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.end(1, result.as_ref().err().map(|(error, _)| error.clone()));
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use rdkafka::error::RDKafkaErrorCode;

    use super::*;

    fn lost() -> KafkaError {
        KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut)
    }

    #[test]
    fn whoever_waits_wakes_at_the_last_answer_and_hears_of_the_first_loss_once() {
        let (flight, deadline) = (Flight::default(), Instant::now() + Duration::from_secs(60));
        flight.begin(3);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| flight.landed(deadline));
            flight.end(1, None);
            flight.end(1, Some(lost()));
            assert!(!waiting.is_finished(), "one is on its way");
            flight.end(1, None);
            assert_eq!(waiting.join().unwrap(), Some(lost()));
        });
        assert_eq!(flight.landed(deadline), None);
    }

    #[test]
    fn what_never_began_is_not_waited_for() {
        let flight = Flight::default();
        flight.begin(2);
        flight.never_began(2);
        assert_eq!(flight.landed(Instant::now() + Duration::from_secs(60)), None);
        flight.begin(1);
        assert_eq!(flight.landed(Instant::now()), None, "nor is anything beyond the deadline");
    }
}
