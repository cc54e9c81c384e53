//! Several instances of fraud-scoring follow `models.state`, each by itself, and decide by the same version.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::events::OrderValidatedForFraud;
use orderflow_tests::eventually;

use crate::model_bench::Bench;

/// Which version decided where: its name, by partition and offset of the decision.
async fn deciders(bench: &Bench) -> BTreeMap<(i32, i64), String> {
    let decisions = bench.shop.records::<OrderValidatedForFraud>().await.into_iter();
    decisions.map(|(at, one)| ((at.partition, at.offset), one.decision.scorer_version)).collect()
}

/// Partitions in which this version has decided.
fn partitions_of(deciders: &BTreeMap<(i32, i64), String>, version: &str) -> BTreeSet<i32> {
    let its_own = deciders.iter().filter(|(_, decider)| *decider == version);
    its_own.map(|((partition, _), _)| *partition).collect()
}

#[tokio::test]
async fn a_promotion_under_load_reaches_both_instances_and_every_order_is_decided_by_what_was_live() {
    let mut bench = Bench::given(2, &[]).await;
    bench.shop.joined("fraud-scoring", 2).await;
    let (one, two) = (bench.publish("one", 0.85).await, bench.publish("two", 0.9).await);
    bench.say(|state| state.live = Some(one.clone())).await;
    let load = bench.shop.good_load();
    // Each instance has one or two of the three.
    everywhere(&bench, "one").await;
    bench.say(|state| state.live = Some(two.clone())).await;
    everywhere(&bench, "two").await;
    let placed = load.enough().await;
    bench.shop.settled(&placed).await;

    let deciders = deciders(&bench).await;
    assert_eq!(deciders.len(), placed.len(), "each order is decided once, none is dropped");
    for partition in partitions_of(&deciders, "two") {
        let of_it = deciders.range((partition, 0)..(partition + 1, 0)).map(|(_, version)| version.as_str());
        let mut turns: Vec<&str> = of_it.collect();
        turns.dedup();
        assert_eq!(turns, ["one", "two"], "partition {partition}: never neither, and never back");
    }
    bench.shop.close(&placed).await;
}

/// Waits until this version has decided in every partition.
async fn everywhere(bench: &Bench, version: &str) {
    eventually(&format!("{version} to decide everywhere"), async || {
        let partitions = partitions_of(&deciders(bench).await, version);
        if partitions.len() == 3 { Ok(()) } else { Err(format!("only in {partitions:?}")) }
    })
    .await;
}
