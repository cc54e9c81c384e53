//! Which partitions the loop works on, and from where: joining the group, taking an assignment, going back to the
//! committed offsets, leaving.

use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer};
use tracing::{info, warn};

use super::{
    consumer,
    engine::{Engine, unavailable},
};
use crate::fault::{Consequence, Fault};

/// How often a long wait says that it is one.
const BEAT: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) fn subscribe(&self) -> Result<(), Fault> {
        let topics: Vec<String> = self.inputs.iter().map(|topic| self.names.topic(*topic)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let failed = |error| Fault::fatal("kafka_client", "cannot subscribe").caused_by(error);
        self.consumer.subscribe(&topics).map_err::<Fault, _>(failed)
    }

    /// Takes in what a rebalance has left us with.
    pub(super) fn take_assignment(&mut self) -> Result<(), Fault> {
        let assignment = self.consumer.context().assignment().clone();
        self.epoch = assignment.epoch;
        self.astray = false;
        self.held.clear();
        self.lag.clear();
        if let Some(error) = assignment.failed {
            self.rejoin()?;
            let message = "cannot take the assigned partitions; joining the group anew";
            return Err(Fault::transient("assignment_failed", message).caused_by(error));
        }
        self.begin_at(&assignment.partitions);
        let list = self.consumer.assignment().map_err(unavailable)?;
        if list.count() > 0 {
            self.consumer.resume(&list).map_err(unavailable)?;
        }
        self.verify()
    }

    /// Makes sure that the state is whole; with a share of the partitions that makes this instance ready.
    pub(super) fn verify(&self) -> Result<(), Fault> {
        self.handle.block_on(self.state.verify())?;
        self.health.settled("dependency");
        if self.consumer.context().assignment().joined {
            self.health.settled("starting");
        }
        Ok(())
    }

    /// Tells the state what Kafka has committed: the least that it must know.
    fn begin_at(&self, partitions: &[(String, i32, i64)]) {
        let ours = partitions.iter().filter_map(|(name, partition, committed)| {
            Some(((self.names.logical(name)?, *partition), *committed))
        });
        self.state.hold(ours.collect());
    }

    /// Says that the loop is alive while it waits for something that may take long. Never returns.
    async fn beats(&self) {
        loop {
            self.health.beat();
            tokio::time::sleep(BEAT).await;
        }
    }

    pub(super) fn recover(&self) -> Result<(), Fault> {
        loop {
            let recovered = self.handle.block_on(async {
                tokio::select! {
                    recovered = self.recovery.recover() => recovered,
                    () = self.shutdown.when_requested() => Ok(()),
                    () = self.beats() => Ok(()),
                }
            });
            match recovered {
                Ok(()) => return Ok(()),
                Err(fault) if fault.consequence() == Consequence::Fatal => return Err(fault),
                Err(fault) => {
                    warn!(%fault, "the rebuild is tried again");
                    self.shutdown.wait(Duration::from_millis(500));
                }
            }
        }
    }

    /// Goes back to the committed offsets. When the broker does not tell them, the instance joins its group anew: an
    /// assignment begins at the committed offsets too, and is served by the polls that a wait here would hold up.
    pub(super) fn rewind(&mut self) -> Result<(), Fault> {
        match consumer::rewind(&self.consumer) {
            // A rebalance meanwhile has the newer word.
            Ok(partitions) if self.epoch == self.consumer.context().assignment().epoch => {
                self.begin_at(&partitions);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(fault) => {
                warn!(%fault, "joining the group anew");
                self.health.concern("dependency", fault.to_string());
                self.rejoin()
            }
        }
    }

    fn rejoin(&mut self) -> Result<(), Fault> {
        self.astray = true;
        self.consumer.unsubscribe();
        self.subscribe()
    }

    /// Leaves the group: everything answered is committed, so another instance takes over at once.
    pub(super) fn leave(self) {
        // Offsets of at-least-once that are still on their way; nothing to commit is no error.
        let _ = self.consumer.commit_consumer_state(CommitMode::Sync);
        self.consumer.unsubscribe();
        drop(self.consumer); // closes it, which sends LeaveGroup
        info!("left the group");
    }
}
