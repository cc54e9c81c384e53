use std::time::Duration;

use jiff::SignedDuration;
use orderflow::clock::Clock;
use orderflow_model::Sha256;
use rstest::rstest;

use super::*;
use crate::{
    canary::Share,
    drift::{
        Action, DriftSettings,
        watch::tests::{settings, version as trained, watch, with_lines},
    },
    features::Features,
    guard::tests::guard,
    model::tests::{Parrot, Says, named, seen, version},
    rules::{Limits, Rules},
    serving::UNAVAILABLE,
};

const RULES: Limits = Limits { high: 100_000, small: 1_000 };

fn served(deciding: Deciding, trial: Option<Trial>) -> Served {
    served_by(&Clock::system(), deciding, trial)
}

fn served_by(clock: &Clock, deciding: Deciding, trial: Option<Trial>) -> Served {
    serves(clock, Serving { deciding, trial, previous: None }, settings())
}

fn serves(clock: &Clock, serving: Serving, drift: DriftSettings) -> Served {
    let guard = || guard(clock, Duration::MAX);
    Served {
        slot: Arc::new(Slot::new(serving)),
        guards: Guards { live: guard(), candidate: guard(), previous: guard() },
        drift: watch(drift),
        predictions: Predictions::new(SignedDuration::from_mins(1), clock.clone()),
        rules: Rules::new(RULES),
        keeper: JoinSet::new(),
    }
}

fn live(says: Says) -> Deciding {
    Deciding::Model(version("7", &Parrot::new(says)))
}

fn trial(parrot: &Arc<Parrot>, mode: Mode) -> Option<Trial> {
    Some(Trial { version: version("8", parrot), mode })
}

fn canary(share: f64) -> Mode {
    Mode::Canary(Share::new(share).unwrap())
}

fn orders() -> Vec<Seen> {
    (0..40).map(|n| seen(&format!("c-{n}"))).collect()
}

/// Who decided each order, and why not the first choice.
fn told(scores: &Scores) -> Vec<(String, Option<&'static str>)> {
    scores.deciding.iter().map(|score| (score.version.to_string(), score.fallback)).collect()
}

fn all(version: &str, why: Option<&'static str>) -> Vec<(String, Option<&'static str>)> {
    vec![(version.to_owned(), why); 40]
}

#[rstest]
#[case::rules(Deciding::Rules(None), None)]
#[case::no_model_yet(Deciding::Rules(Some(UNAVAILABLE)), Some("model_unavailable"))]
#[case::a_failing_model(live(Err(())), Some("model_failed"))]
fn where_no_model_scores_rules_do_and_say_why(#[case] deciding: Deciding, #[case] why: Option<&'static str>) {
    let scores = served(deciding, None).score(&orders()).unwrap();
    let expected = Score { fallback: why, ..Rules::new(RULES).judge(&Features::default()) };
    assert!(scores.deciding.iter().all(|score| *score == expected), "{scores:?}");
    assert_eq!((scores.deciding.len(), scores.shadow), (40, None));
}

#[test]
fn rules_decide_while_the_breaker_is_open_and_a_swap_does_not_wait_for_it() {
    let served = served(live(Err(())), None);
    let whys: Vec<_> = (0..6).map(|_| told(&served.score(&orders()).unwrap())[0].1).collect();
    assert_eq!(whys, [[Some("model_failed"); 5].as_slice(), &[Some("breaker_open")]].concat());
    served.slot.swap(Serving { deciding: live(Ok(0.1)), trial: None, previous: None });
    served.guards.live.replaced();
    assert_eq!(told(&served.score(&orders()).unwrap()), all("7", None));
}

#[test]
fn a_canary_decides_for_its_customers_and_no_others() {
    let parrot = Parrot::new(Ok(0.1));
    let served = served(live(Ok(0.1)), trial(&parrot, canary(0.5)));
    let scores = served.score(&orders()).unwrap();
    let share = Share::new(0.5).unwrap();
    let whose = |order: &Seen| if share.has(&order.customer_id, "8") { "8" } else { "7" };
    let expected: Vec<_> = orders().iter().map(|order| (whose(order).to_owned(), None)).collect();
    assert_eq!(told(&scores), expected);
    assert!(expected.iter().any(|(by, _)| by == "7") && expected.iter().any(|(by, _)| by == "8"));
    assert_eq!((parrot.runs(), scores.shadow), (1, None));
}

#[test]
fn a_canary_that_fails_leaves_its_orders_to_the_live_version_and_then_to_rules() {
    let parrot = Parrot::new(Err(()));
    let by_live = served(live(Ok(0.1)), trial(&parrot, canary(1.0)));
    assert_eq!(told(&by_live.score(&orders()).unwrap()), all("7", Some("candidate_failed")));
    for _ in 0..4 {
        by_live.score(&orders()).unwrap();
    }
    assert_eq!(told(&by_live.score(&orders()).unwrap()), all("7", Some("candidate_breaker_open")));

    let by_rules = served(live(Err(())), trial(&parrot, canary(1.0)));
    assert_eq!(told(&by_rules.score(&orders()).unwrap()), all("1", Some("candidate_failed")));
}

#[rstest]
#[case::agrees(Ok(0.1))]
#[case::differs(Ok(0.9))]
#[case::fails(Err(()))]
#[case::answers_nonsense(Ok(f32::NAN))]
fn a_shadow_never_touches_a_decision(#[case] says: Says) {
    let at_any_time = |scores: Vec<Score>| -> Vec<Score> {
        scores.into_iter().map(|score| Score { valid_until: None, ..score }).collect()
    };
    let alone = at_any_time(served(live(Ok(0.1)), None).score(&orders()).unwrap().deciding);
    let parrot = Parrot::new(says);
    let beside = served(live(Ok(0.1)), trial(&parrot, Mode::Shadow));
    for _ in 0..8 {
        let scores = beside.score(&orders()).unwrap();
        assert_eq!(at_any_time(scores.deciding), alone);
        let values = scores.shadow.map(|run| {
            assert!(run.micros >= 0.0 && run.scores.iter().all(|score| score.version == "8"));
            run.scores.iter().map(|score| score.value).collect::<Vec<_>>()
        });
        let expected = says.ok().filter(|value| value.is_finite()).map(|value| vec![f64::from(value); 40]);
        assert_eq!(values, expected);
    }
    // One run of each batch, and none once the breaker has opened.
    assert_eq!(parrot.runs(), if says.is_ok_and(f32::is_finite) { 8 } else { 5 });
}

#[test]
fn an_order_that_comes_again_gets_its_score_again_and_never_one_that_has_expired() {
    let (clock, parrot) = (Clock::system(), Parrot::new(Ok(0.1)));
    let served = served_by(&clock, Deciding::Model(version("7", &parrot)), None);
    let score = |orders: &[Seen]| served.score(orders).unwrap().deciding;
    let first = score(&orders());
    assert!(first.iter().all(|score| score.valid_until.is_some_and(|until| until > clock.now())));
    parrot.learn(Ok(0.9));
    assert_eq!((score(&orders()), parrot.runs()), (first.clone(), 1));

    // One that is new is scored, and only that one.
    let more = [&orders()[..1], &[seen("d-1")]].concat();
    let values: Vec<f64> = score(&more).iter().map(|score| score.value).collect();
    assert_eq!((values, parrot.runs()), (vec![f64::from(0.1f32), f64::from(0.9f32)], 2));

    clock.set_offset(SignedDuration::from_secs(61));
    let again = score(&orders());
    assert!(again.iter().zip(&first).all(|(again, first)| again.value > first.value), "{again:?}");
    assert!(again.iter().zip(&first).all(|(again, first)| again.valid_until > first.valid_until));
}

#[test]
fn another_version_and_other_features_are_another_prediction() {
    let (one, two) = (Parrot::new(Ok(0.1)), Parrot::new(Ok(0.2)));
    let served = served(Deciding::Model(version("7", &one)), None);
    let order = seen("a");
    served.score(std::slice::from_ref(&order)).unwrap();
    let mut changed = order.clone();
    changed.vector[0] += 1.0;
    served.score(&[changed]).unwrap();
    assert_eq!(one.runs(), 2);
    // Of the same name, but another manifest.
    let again = Version { fingerprint: Sha256::of(b"other trees"), ..named("7", &two) };
    served.slot.swap(Serving { deciding: Deciding::Model(Arc::new(again)), trial: None, previous: None });
    assert_eq!(served.score(&[order]).unwrap().deciding[0].value, f64::from(0.2_f32));
    assert_eq!((one.runs(), two.runs()), (2, 1));
}

/// Twenty new orders, a window, of this many lines.
fn window(turn: usize, lines: f32) -> Vec<Seen> {
    (0..20).map(|order| with_lines(&format!("{turn}-{order}"), lines)).collect()
}

#[rstest]
#[case::rules(Action::Rules, false, "1")]
#[case::the_version_before(Action::Previous, true, "6")]
#[case::rules_where_there_is_none(Action::Previous, false, "1")]
fn while_orders_drift_another_decides_and_says_so(
    #[case] action: Action,
    #[case] previous: bool,
    #[case] decides: &str,
) {
    let (live, before) = (Parrot::new(Ok(0.1)), Parrot::new(Ok(0.2)));
    let previous = previous.then(|| version("6", &before));
    let serving = Serving { deciding: Deciding::Model(trained(&live)), trial: None, previous };
    // The parrot's scores, always the same, are not those of training: they shall not count here.
    let drift = DriftSettings { action, switch_limit: 5.0, ..settings() };
    let served = serves(&Clock::system(), serving, drift);
    let told = |turn, lines| {
        let mut told = told(&served.score(&window(turn, lines)).unwrap());
        told.dedup();
        told
    };
    assert_eq!(told(0, 0.0), [("7".to_owned(), None)]);
    assert_eq!(told(1, 5.0), [("7".to_owned(), None)], "it is noticed behind a window");
    assert_eq!(told(2, 5.0), [(decides.to_owned(), Some("drift"))]);
    assert_eq!(told(3, 0.0), [(decides.to_owned(), Some("drift"))]);
    assert_eq!(told(4, 0.0), [("7".to_owned(), None)]);
    // The live one has scored every order all the while: that is what it is measured on.
    assert_eq!((live.runs(), before.runs()), (5, if decides == "6" { 2 } else { 0 }));
}

#[test]
fn a_canary_goes_on_while_the_live_version_drifts() {
    let (live, tried) = (Parrot::new(Ok(0.1)), Parrot::new(Ok(0.2)));
    let trial = trial(&tried, canary(0.5));
    let serving = Serving { deciding: Deciding::Model(trained(&live)), trial, previous: None };
    let drift =
        DriftSettings { action: Action::Rules, window: 10, least: 10, switch_limit: 5.0, ..settings() };
    let served = serves(&Clock::system(), serving, drift);
    for turn in 0..4 {
        served.score(&window(turn, 5.0)).unwrap();
    }
    let told: std::collections::BTreeSet<_> =
        told(&served.score(&window(4, 5.0)).unwrap()).into_iter().collect();
    assert_eq!(told, [("1".to_owned(), Some("drift")), ("8".to_owned(), None)].into());
}
