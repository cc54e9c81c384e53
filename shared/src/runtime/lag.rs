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
    pub fn observe(&mut self, statistics: &Statistics, now: Instant) -> usize {
        let mut stalled = 0;
        for (topic, partitions) in statistics.topics.iter().map(|(name, topic)| (name, &topic.partitions)) {
            for partition in partitions.values().filter(|p| p.partition >= 0 && is_ours(&p.fetch_state)) {
                let beyond = partition.ls_offset.max(0) - partition.next_offset.max(0);
                let lag = partition.fetchq_cnt + beyond.max(0);
                let number = partition.partition.to_string();
                #[allow(clippy::cast_precision_loss)] // a gauge is a float
                ::metrics::gauge!(metrics::LAG, "messaging_destination_name" => topic.clone(), "partition" => number)
                    .set(lag as f64);
                let seen = self
                    .progress
                    .entry((topic.clone(), partition.partition))
                    .or_insert((partition.app_offset, now));
                if lag == 0 || seen.0 != partition.app_offset {
                    *seen = (partition.app_offset, now);
                } else if now.duration_since(seen.1) > PATIENCE {
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

/// Whether the client reads this partition, or should: one that waits for an offset or for its leader's epoch makes no
/// progress either.
fn is_ours(fetch_state: &str) -> bool {
    !["none", "stopping", "stopped"].contains(&fetch_state)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statistics of one partition, as the client gives them.
    fn statistics(fetch_state: &str, taken: i64, next: i64, end: i64, queued: i64) -> Statistics {
        let mut statistics = Statistics::default();
        let partition = rdkafka::statistics::Partition {
            partition: 0,
            fetch_state: fetch_state.to_owned(),
            app_offset: taken,
            next_offset: next,
            ls_offset: end,
            fetchq_cnt: queued,
            ..Default::default()
        };
        let topic = rdkafka::statistics::Topic { partitions: [(0, partition)].into(), ..Default::default() };
        statistics.topics.insert("orders".to_owned(), topic);
        statistics
    }

    #[test]
    fn a_partition_with_lag_and_no_progress_is_stalled_after_a_while_and_not_before() {
        let (mut watch, begun) = (LagWatch::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(watch.observe(&statistics("active", 5, 7, 7, 2), at(0)), 0);
        assert_eq!(watch.observe(&statistics("active", 5, 7, 7, 2), at(30)), 0);
        assert_eq!(watch.observe(&statistics("active", 5, 7, 7, 2), at(31)), 1);
        assert_eq!(watch.observe(&statistics("active", 6, 7, 7, 1), at(32)), 0, "it moves");
    }

    #[test]
    fn a_partition_the_client_cannot_read_is_stalled_too_and_one_of_others_is_not() {
        for (state, stalled) in [("validate-epoch-wait", 1), ("offset-query", 1), ("none", 0), ("stopped", 0)]
        {
            let (mut watch, begun) = (LagWatch::default(), Instant::now());
            watch.observe(&statistics(state, 5, 5, 9, 0), begun);
            let later = begun + Duration::from_secs(60);
            assert_eq!(watch.observe(&statistics(state, 5, 5, 9, 0), later), stalled, "{state}");
        }
    }

    #[test]
    fn the_marker_behind_the_last_record_is_no_lag() {
        let (mut watch, begun) = (LagWatch::default(), Instant::now());
        watch.observe(&statistics("active", 8, 10, 10, 0), begun);
        assert_eq!(watch.observe(&statistics("active", 8, 10, 10, 0), begun + Duration::from_secs(60)), 0);
    }
}
