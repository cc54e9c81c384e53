//! Which partitions the loop works on, and from where: joining the group, taking an assignment, going back to the
//! committed offsets, leaving.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{TopicPartitionList, consumer::Consumer};
use tracing::{info, warn};

use super::{
    consumer::{GroupConsumer, commit_rest, place},
    engine::{Engine, unavailable},
};
use crate::{
    fault::{Consequence, Fault},
    faults::{Plant, planted},
};

/// How often a long wait says that it is one.
const BEAT: Duration = Duration::from_secs(1);
/// How long a broker that does not answer may keep a consumer from closing.
const GIVEN_BACK: Duration = Duration::from_secs(2);

impl Engine {
    pub(super) fn subscribe(&self) -> Result<(), Fault> {
        let topics: Vec<String> = self.inputs.iter().map(|topic| self.names.topic(*topic)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let failed = |error| Fault::fatal("kafka_client", "cannot subscribe").caused_by(error);
        self.consumer.subscribe(&topics).map_err::<Fault, _>(failed)
    }

    /// Takes in what a rebalance has left us with.
    pub(super) fn take_assignment(&mut self) {
        self.epoch = self.consumer.context().assignment().epoch;
        self.go_back();
        self.held.clear();
        self.lag.clear();
        self.state.hold(BTreeMap::new());
    }

    /// Nothing counts that is not committed: it is read again.
    pub(super) fn go_back(&mut self) {
        self.astray = true;
        *self.consumer.context().owed() = TopicPartitionList::new();
        if !planted(Plant::StaleEpoch) {
            self.lobby.clear();
        }
        self.waiting.drop_session();
    }

    /// Goes to the committed offsets, and tells the state of them: the least that it must know.
    pub(super) fn find_place(&mut self) -> Result<(), Fault> {
        let places = place(&self.consumer)?;
        if self.epoch != self.consumer.context().assignment().epoch {
            return Ok(()); // a rebalance meanwhile has the newer word
        }
        self.resume_all_but_held()?;
        let ours = places.into_iter().filter_map(|(name, partition, committed)| {
            Some(((self.names.logical(&name)?, partition), committed))
        });
        self.state.hold(ours.collect());
        self.astray = false;
        self.verify()?;
        self.look_for_lines()
    }

    /// Reads on from the places found, except where a record waits for its next attempt.
    fn resume_all_but_held(&self) -> Result<(), Fault> {
        let all = self.consumer.assignment().map_err(unavailable)?;
        let mut list = TopicPartitionList::new();
        for partition in all.elements() {
            let (name, number) = (partition.topic(), partition.partition());
            if !self.names.logical(name).is_some_and(|topic| self.held.is_paused(topic, number)) {
                list.add_partition(name, number);
            }
        }
        if list.count() == 0 { Ok(()) } else { self.consumer.resume(&list).map_err(unavailable) }
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

    /// Leaves the group: everything answered is committed, so another instance takes over at once.
    pub(super) fn leave(self) {
        commit_rest(&self.consumer);
        give_back(&self.consumer);
        drop(self.consumer); // closes it, which sends LeaveGroup
        info!("left the group");
    }
}

/// Gives every partition back before the consumer is closed: closed while it still does so, the client may end the
/// process ([librdkafka #4792](https://github.com/confluentinc/librdkafka/issues/4792)). What is polled meanwhile is not
/// handled and not committed: the next instance reads it.
fn give_back(consumer: &GroupConsumer) {
    consumer.unsubscribe();
    let deadline = Instant::now() + GIVEN_BACK;
    while Instant::now() < deadline && consumer.assignment().is_ok_and(|held| held.count() > 0) {
        let _ = consumer.poll(Duration::from_millis(10));
    }
}
