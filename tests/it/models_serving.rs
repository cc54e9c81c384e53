//! Which version of the model decides is said on `models.state`: taken up without a restart, and without an order lost.

mod drift;

use std::collections::BTreeSet;

use orderflow::events::{FraudDecision, ModelState, ShadowScored};
use orderflow_model::Sha256;
use orderflow_tests::eventually;

use crate::model_bench::{Bench, SERVICE};

#[tokio::test]
async fn versions_are_swapped_and_rolled_back_under_load_and_no_order_is_lost() {
    let mut bench = Bench::open().await;
    let (one, two) = (bench.publish("one", 0.85).await, bench.publish("two", 0.9).await);
    bench.say(|state| state.live = Some(one.clone())).await;
    let mut placed = Vec::new();
    let decision = bench.decided(&mut placed).await;
    assert_eq!((decision.scorer_version.as_str(), decision.threshold), ("one", 0.85));
    let load = bench.shop.good_load();
    for (turn, version) in [&two, &one, &two].into_iter().enumerate() {
        load.reached(15 * (turn + 1)).await;
        bench.say(|state| state.live = Some(version.clone())).await;
    }
    placed.extend(load.enough().await);
    let decision = bench.decided(&mut placed).await;
    assert_eq!((decision.scorer_version.as_str(), decision.threshold), ("two", 0.9));

    bench.say(|state| (state.on, state.live) = (false, Some(two.clone()))).await;
    let decision = bench.decided(&mut placed).await;
    assert_eq!((decision.scorer.as_str(), decision.fallback.as_deref()), ("rules", None));
    assert_eq!(decision.threshold, 0.85);
    // The state outlives the process that took it up.
    bench.say(|state| state.live = Some(two.clone())).await;
    bench.shop.terminate(SERVICE).await;
    bench.shop.start_again(SERVICE).await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "two");
    let decisions = bench.decisions().await;
    let deciders: BTreeSet<&str> =
        decisions.iter().map(|decision| decision.scorer_version.as_str()).collect();
    assert_eq!(deciders, BTreeSet::from(["1", "one", "two"]));
    bench.shop.close(&placed).await;
}

#[tokio::test]
async fn a_version_that_cannot_be_trusted_leaves_the_one_before_it_until_it_can() {
    let mut bench = Bench::open().await;
    let (one, two) = (bench.publish("one", 0.85).await, bench.publish("two", 0.9).await);
    let mut placed = Vec::new();
    bench.say(|state| state.live = Some(one.clone())).await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "one");

    let model = bench.store.path().join(&two.folder).join("model.onnx");
    let content = std::fs::read(&model).unwrap();
    std::fs::write(&model, &content[..content.len() / 2]).unwrap();
    assert_ne!(Sha256::of(&content), Sha256::of(&content[..content.len() / 2]));
    bench.say(|state| state.live = Some(two.clone())).await;
    bench.shop.says(SERVICE, "version two (live) cannot be used").await;
    assert_eq!(bench.shop.readiness(SERVICE).await, 200);
    let decision = bench.decided(&mut placed).await;
    assert_eq!((decision.scorer_version.as_str(), decision.fallback), ("one", None));

    // It is tried again without being asked for again.
    std::fs::write(&model, &content).unwrap();
    bench.shop.says(SERVICE, r#""status":"ready""#).await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "two");
    bench.shop.close(&placed).await;
}

#[tokio::test]
async fn a_shadow_says_what_it_would_have_said_and_a_canary_decides() {
    let mut bench = Bench::open().await;
    let (one, two) = (bench.publish("one", 0.85).await, bench.publish("two", 0.9).await);
    let mut placed = Vec::new();
    let trial = |mode: &'static str, share| {
        let (one, two) = (one.clone(), two.clone());
        move |state: &mut ModelState| {
            (state.live, state.candidate) = (Some(one), Some(two));
            (state.mode, state.share) = (mode.into(), share);
        }
    };
    bench.say(trial("shadow", 0.0)).await;
    let decision = bench.decided(&mut placed).await;
    let order = placed[0].order_id.to_string();
    let (entry, shadow) = bench.shop.record::<ShadowScored>(&order).await;
    assert_eq!(decision.scorer_version, "one");
    assert_eq!((shadow.version.as_str(), shadow.threshold), ("two", 0.9));
    assert_eq!((shadow.decided_version.as_str(), shadow.decided_outcome.as_str()), ("one", "validated"));
    // The same trees: the same score, in 32 bits.
    assert_eq!((shadow.score, shadow.decided_score), (decision.score, decision.score));
    assert!(shadow.micros > 0.0);
    assert_eq!(entry.envelope.causation_id, Some(shadow.order_event_id));

    bench.say(trial("canary", 1.0)).await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "two");
    bench.say(trial("canary", 0.0)).await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "one");
    assert_eq!(bench.shop.records::<ShadowScored>().await.len(), 1);
    bench.shop.close(&placed).await;
}

/// No run is as fast as that: every one counts as a failure.
#[tokio::test]
async fn a_model_that_is_too_slow_is_left_alone_until_another_version_takes_its_place() {
    let mut bench = Bench::given(1, &[("MODEL_TIME_LIMIT", "0")]).await;
    let (one, two) = (bench.publish("one", 0.85).await, bench.publish("two", 0.9).await);
    bench.say(|state| state.live = Some(one.clone())).await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        let decision = bench.decided(&mut placed).await;
        assert_eq!((decision.scorer_version.as_str(), decision.fallback), ("one", None));
    }
    bench.shop.says(SERVICE, "the fraud-model is left alone: model_slow").await;
    bench.measures(r#"orderflow_breaker_state{breaker="fraud-model"} 2"#).await;
    bench.say(|state| state.live = Some(two.clone())).await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "two");
    eventually("audit to hear of it", async || {
        let moved = bench.moves().await;
        let told = |to: &str, why: &str| moved.iter().any(|(_, other, reason)| other == to && reason == why);
        if told("open", "model_slow") && told("closed", "replaced") {
            Ok(())
        } else {
            Err(format!("{moved:?}"))
        }
    })
    .await;
    bench.shop.close(&placed).await;
}

/// Nothing but a breaker that is open keeps an order from the model, and nothing keeps an order waiting.
#[tokio::test]
async fn while_the_breaker_is_open_rules_decide_and_say_so() {
    let mut bench = Bench::given(1, &[("MODEL_TIME_LIMIT", "0")]).await;
    let one = bench.publish("one", 0.85).await;
    bench.say(|state| state.live = Some(one.clone())).await;
    let load = bench.shop.good_load();
    let by_rules = eventually("rules to decide", async || {
        let decisions = bench.decisions().await.into_iter();
        let by_rules: Vec<FraudDecision> = decisions.filter(|decision| decision.scorer == "rules").collect();
        if by_rules.is_empty() { Err("the breaker has not opened") } else { Ok(by_rules) }
    })
    .await;
    assert!(by_rules.iter().all(|decision| decision.fallback.as_deref() == Some("breaker_open")));
    let placed = load.enough().await;
    bench.shop.close(&placed).await;
}

#[tokio::test]
async fn a_model_that_fails_is_probed_and_decides_again_once_it_works_and_no_order_waits_meanwhile() {
    let mut bench = Bench::open().await;
    let one = bench.publish("one", 0.85).await;
    bench.say(|state| state.live = Some(one.clone())).await;
    let mut placed = Vec::new();
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "one");
    let load = bench.shop.good_load();

    bench.shop.refuse(SERVICE, "one", true).await;
    for cause in ["model_failed", "breaker_open"] {
        eventually(&format!("rules to decide because of {cause}"), async || {
            let decisions = bench.decisions().await;
            let by_rules = decisions.iter().filter(|one| one.scorer == "rules");
            let causes: BTreeSet<_> = by_rules.map(|one| one.fallback.as_deref()).collect();
            if causes.contains(&Some(cause)) { Ok(()) } else { Err(format!("{causes:?}")) }
        })
        .await;
    }
    // Its time comes: it is probed, in vain.
    bench.shop.move_clock(SERVICE, 60).await;
    let failed = ("half_open", "open", "model_failed");
    moved(&bench, "a probe that fails", |moves| moves.iter().any(|one| is(one, failed))).await;

    bench.shop.refuse(SERVICE, "one", false).await;
    bench.shop.move_clock(SERVICE, 120).await;
    let closed = ("half_open", "closed", "probes_succeeded");
    moved(&bench, "it to close", |moves| moves.last().is_some_and(|one| is(one, closed))).await;
    let decision = bench.decided(&mut placed).await;
    assert_eq!((decision.scorer_version.as_str(), decision.fallback), ("one", None));
    placed.extend(load.enough().await);
    let moves = bench.moves().await;
    assert!(is(&moves[0], ("closed", "open", "model_failed")), "{moves:?}");
    assert!(moves.windows(2).all(|pair| pair[0].1 == pair[1].0), "{moves:?}");
    bench.shop.close(&placed).await;
}

fn is((from, to, why): &(String, String, String), expected: (&str, &str, &str)) -> bool {
    (from.as_str(), to.as_str(), why.as_str()) == expected
}

/// Waits until the breaker's moves are so.
async fn moved(bench: &Bench, what: &str, are: impl Fn(&[(String, String, String)]) -> bool) {
    eventually(what, async || match bench.moves().await {
        moves if are(&moves) => Ok(()),
        moves => Err(format!("{moves:?}")),
    })
    .await;
}
