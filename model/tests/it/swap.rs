//! Replacing a model while it scores.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use orderflow_model::Slot;

use crate::fixtures::{all, package};

/// How often the model is replaced.
const SWAPS: usize = 20;
/// Far more than it takes.
const LONGEST: Duration = Duration::from_secs(60);

#[test]
fn every_batch_is_scored_by_one_version_while_versions_are_swapped() {
    for engines in all() {
        let rows: Vec<f32> = (0..5 * 16).map(|n| ((n * 37) % 23) as f32 / 2.0 - 3.0).collect();
        let scores = |version| (version, package(version, &engines).score(&rows).unwrap());
        let right = BTreeMap::from([scores("1"), scores("2")]);
        assert_ne!(right["1"], right["2"]);
        let slot = Slot::new(package("1", &engines));
        let (done, batches) = (AtomicBool::new(false), AtomicU64::new(0));
        let mut served: BTreeMap<String, usize> = BTreeMap::new();
        std::thread::scope(|scope| {
            let reader = || {
                let mut served = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let package = slot.current();
                    let version = package.manifest().version.clone();
                    assert_eq!(package.score(&rows).unwrap(), right[version.as_str()]);
                    served.push(version);
                    batches.fetch_add(1, Ordering::Relaxed);
                }
                served
            };
            let readers: Vec<_> = (0..3).map(|_| scope.spawn(reader)).collect();
            for swap in 0..SWAPS {
                slot.swap(package(["2", "1"][swap % 2], &engines));
                // Each version serves for a while before the next comes.
                wait_for(&batches, batches.load(Ordering::Relaxed) + 10);
            }
            let current = slot.current().manifest().version.clone();
            let back = slot.rollback().unwrap();
            assert_ne!(back.manifest().version, current);
            wait_for(&batches, batches.load(Ordering::Relaxed) + 10);
            done.store(true, Ordering::Relaxed);
            for reader in readers {
                for version in reader.join().unwrap() {
                    *served.entry(version).or_default() += 1;
                }
            }
        });
        assert!(served.len() == 2 && served.values().all(|batches| *batches >= 50), "{served:?}");
    }
}

fn wait_for(batches: &AtomicU64, count: u64) {
    let begun = Instant::now();
    while batches.load(Ordering::Relaxed) < count {
        assert!(begun.elapsed() < LONGEST, "nobody scores any more");
        std::thread::yield_now();
    }
}
