//! Lag per partition, and a watchdog for partitions that have lag and make no progress.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rdkafka::Statistics;

use crate::metrics;

/// Lag without progress for longer than this counts as stalled.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct LagWatch {
    progress: HashMap<(String, i32), (i64, Instant)>,
}

impl LagWatch {
    /// Takes in the client's statistics; returns how many partitions are stalled.
    ///
    /// What is waiting is what has been fetched but not taken, and what the broker has beyond the next fetch. The
    /// marker that ends a transaction takes an offset of its own; counting from the next fetch leaves it out, since
    /// the client has fetched past it.
    pub fn observe(&mut self, statistics: &Statistics) -> usize {
        let mut stalled = 0;
        for (topic, partitions) in statistics.topics.iter().map(|(name, topic)| (name, &topic.partitions)) {
            for partition in partitions.values().filter(|p| p.partition >= 0 && p.fetch_state == "active") {
                let beyond = partition.ls_offset.max(0) - partition.next_offset.max(0);
                let lag = partition.fetchq_cnt + beyond.max(0);
                let labels = [
                    ("messaging_destination_name", topic.clone()),
                    ("partition", partition.partition.to_string()),
                ];
                #[allow(clippy::cast_precision_loss)] // a gauge is a float
                ::metrics::gauge!(metrics::LAG, &labels).set(lag as f64);
                let seen = self
                    .progress
                    .entry((topic.clone(), partition.partition))
                    .or_insert_with(|| (partition.app_offset, Instant::now()));
                if lag == 0 || seen.0 != partition.app_offset {
                    *seen = (partition.app_offset, Instant::now());
                } else if seen.1.elapsed() > PATIENCE {
                    stalled += 1;
                }
            }
        }
        #[allow(clippy::cast_precision_loss)]
        ::metrics::gauge!(metrics::STALLED_PARTITIONS).set(stalled as f64);
        stalled
    }

    /// Forgets partitions of an earlier assignment.
    pub fn clear(&mut self) {
        self.progress.clear();
    }
}
