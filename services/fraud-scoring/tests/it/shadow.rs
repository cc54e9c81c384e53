//! What a version on trial says is said beside the decision, once and for all.

use fraud_scoring::{
    domain::Judged,
    on_order_placed::{FraudEvent, OnOrderPlaced},
    profiles::Profiles,
    rebuild::FraudFold,
    rules::Rules,
    scorer::{Score, Scorer, Scores, Seen, ShadowRun},
};
use orderflow::{
    clock::Clock,
    events::{Order, OrderValidatedForFraud, ShadowScored},
    fault::Fault,
    state::State,
    step::Step,
};
use orderflow_model::manifest::Thresholds;
use orderflow_testkit::RedisServer;

use crate::{
    rebuild::log,
    support::{
        LIMITS, POLICY, batch,
        orders::{again, order},
        received,
    },
};

/// Rules decide; beside them a version may be tried, which says the same of every order.
struct Beside(Option<(&'static str, f64)>);

impl Scorer for Beside {
    fn score(&self, batch: &[Seen]) -> Result<Scores, Fault> {
        let deciding = Rules::new(LIMITS).score(batch)?.deciding;
        let shadow = self.0.map(|(version, value)| {
            let thresholds = Thresholds { refuse: 0.7, hold: 0.2 };
            let said = |by_rules: &Score| Score {
                value,
                scorer: "fraud".into(),
                version: version.into(),
                engine: "built-in".into(),
                thresholds,
                ..by_rules.clone()
            };
            ShadowRun { scores: deciding.iter().map(said).collect(), micros: 1.0 / 3.0 }
        });
        Ok(Scores { deciding, shadow })
    }
}

/// What the step says to these orders while this is tried.
async fn said(state: &State, tried: Option<(&'static str, f64)>, orders: &[Order]) -> Vec<Vec<FraudEvent>> {
    let profiles = Profiles::new(state.clone(), LIMITS.small);
    let step = OnOrderPlaced { profiles, scorer: Beside(tried), policy: POLICY, clock: Clock::system() };
    let verdicts = step.handle(&batch(orders)).await.unwrap();
    verdicts.into_iter().map(|verdict| verdict.unwrap().into_events()).collect()
}

/// The decision on a validated order, and what was said beside it.
fn parts(events: &[FraudEvent]) -> (&OrderValidatedForFraud, Option<&ShadowScored>) {
    match events {
        [FraudEvent::OrderValidatedForFraud(decided)] => (decided, None),
        [FraudEvent::OrderValidatedForFraud(decided), FraudEvent::ShadowScored(shadow)] => {
            (decided, Some(shadow))
        }
        others => panic!("{others:?}"),
    }
}

fn shown(said: &[Vec<FraudEvent>]) -> String {
    format!("{said:?}")
}

#[tokio::test]
async fn what_is_said_beside_a_decision_names_both() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let one = order(1, "c");
    let events = said(&state, Some(("8", 0.9)), std::slice::from_ref(&one)).await;
    let (decided, shadow) = parts(&events[0]);
    let (decision, shadow) = (&decided.decision, shadow.unwrap());
    let expected = ShadowScored {
        order_id: one.order_id,
        order_event_id: received(&one).envelope.id,
        model: "fraud".into(),
        version: "8".into(),
        engine: "built-in".into(),
        score: 0.9,
        threshold: 0.7,
        hold_threshold: 0.2,
        reasons: decision.reasons.clone(),
        micros: 0.333,
        decided_score: decision.score,
        decided_by: "rules".into(),
        decided_version: "1".into(),
        decided_outcome: "validated".into(),
        scored_at: decision.decided_at,
    };
    assert_eq!(*shadow, expected);
}

#[tokio::test]
async fn a_decision_is_the_same_with_and_without_a_version_in_shadow() {
    let Some(server) = RedisServer::start() else { return };
    let orders: Vec<Order> =
        (0..7u8).map(|i| again(u128::from(i) + 1, "c", i64::from(i) * 5, 5_000)).collect();
    let (with, without) = (server.fresh().await, server.fresh().await);
    let (with, without) = (said(&with, Some(("8", 0.9)), &orders).await, said(&without, None, &orders).await);
    let decided = |events: &[FraudEvent]| match &events[0] {
        FraudEvent::OrderValidatedForFraud(e) => ("validated", e.decision.score),
        FraudEvent::OrderFraudDetected(e) => ("refused", e.decision.score),
        FraudEvent::OrderHeldForReview(e) => ("held", e.decision.score),
        FraudEvent::ShadowScored(e) => panic!("{e:?}"),
    };
    for (with, without) in with.iter().zip(&without) {
        assert_eq!((decided(with), with.len(), without.len()), (decided(without), 2, 1));
        let FraudEvent::ShadowScored(shadow) = &with[1] else { panic!("{with:?}") };
        assert_eq!(shadow.decided_outcome, decided(with).0);
    }
}

#[tokio::test]
async fn a_repeat_says_the_same_whatever_is_tried_by_then() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let (tried, untried) = ([order(1, "a")], [order(2, "b")]);
    let first = said(&state, Some(("8", 0.9)), &tried).await;
    let alone = said(&state, None, &untried).await;
    assert_eq!((first[0].len(), alone[0].len()), (2, 1));
    for now in [None, Some(("8", 0.1)), Some(("9", 0.5))] {
        assert_eq!(shown(&said(&state, now, &tried).await), shown(&first));
        assert_eq!(shown(&said(&state, now, &untried).await), shown(&alone));
    }
}

/// What is said beside decisions is not read back: `fraud.shadow` holds it already.
#[tokio::test]
async fn after_a_rebuild_a_repeat_says_the_decision_and_nothing_else_beside_it() {
    let Some(server) = RedisServer::start() else { return };
    let (live, rebuilt) = (server.fresh().await, server.fresh().await);
    let orders = [order(1, "a")];
    let first = said(&live, Some(("8", 0.9)), &orders).await;
    let (decided, _) = parts(&first[0]);
    let judged = Judged { decision: decided.decision.clone(), review: None, shadow: None };
    log(&FraudFold::new(Clock::system()), &[(orders[0].clone(), judged)]).restore(&rebuilt).await.unwrap();
    let again = said(&rebuilt, Some(("9", 0.1)), &orders).await;
    assert_eq!(parts(&again[0]), (decided, None));
}
