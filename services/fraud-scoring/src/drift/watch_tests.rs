use jiff::Timestamp;
use orderflow::{
    events::DriftDetected,
    health::{Health, Readiness},
};
use orderflow_model::manifest::{Distribution, FeatureDistribution, Reference};
use rstest::rstest;

use super::*;
use crate::{
    model::tests::{Parrot, named, seen},
    vector::LEN,
};

/// Windows of 20 orders, which move on by two.
pub fn settings() -> DriftSettings {
    DriftSettings { action: Action::Report, window: 20, least: 20, limit: 0.25, switch_limit: 0.5 }
}

/// A watch that nobody listens to.
pub fn watch(settings: DriftSettings) -> Watch {
    Watch::new(settings, Clock::system(), Health::default(), |_| {})
}

/// The place of a feature that is zero for [`seen`].
pub const LINES: &str = "line_count";

fn place(name: &str) -> usize {
    vector::names().iter().position(|other| *other == name).unwrap()
}

/// Training in which all orders were like [`seen`], with scores as often below 0.5 as above.
pub fn reference() -> Reference {
    let known = seen("a").vector;
    let feature = |(name, number): (&str, f32)| {
        let (edges, shares) = match (name, number.is_nan()) {
            (LINES, _) => (vec![0.5], vec![1.0, 0.0]),
            (_, true) => (Vec::new(), vec![0.0, 1.0]),
            (_, false) => (Vec::new(), vec![1.0]),
        };
        FeatureDistribution { name: name.to_owned(), edges, shares }
    };
    Reference {
        features: vector::names().into_iter().zip(known).map(feature).collect(),
        score: Distribution { edges: vec![0.5], shares: vec![0.5, 0.5] },
    }
}

/// A version that was trained so.
pub fn version(parrot: &Arc<Parrot>) -> Arc<Version> {
    Arc::new(Version { reference: Some(reference()), ..named("7", parrot) })
}

/// An order with so many lines.
pub fn with_lines(customer: &str, lines: f32) -> Seen {
    let mut order = seen(customer);
    order.vector[place(LINES)] = lines;
    order
}

/// What serves, a watch over it, and what it has told.
struct Bench {
    serving: Serving,
    watch: Watch,
    health: Health,
    told: Arc<Mutex<Vec<DriftDetected>>>,
}

impl Bench {
    fn new(settings: DriftSettings) -> Self {
        let (health, told) = (Health::default(), Arc::<Mutex<Vec<DriftDetected>>>::default());
        let heard = Arc::clone(&told);
        let watch = Watch::new(settings, Clock::system(), health.clone(), move |event| {
            heard.lock().unwrap().push(event.by("fraud-scoring-0").1);
        });
        let deciding = Deciding::Model(version(&Parrot::new(Ok(0.1))));
        Self { serving: Serving { deciding, trial: None, previous: None }, watch, health, told }
    }

    /// So many orders with so many lines are scored, every second one above 0.5.
    fn sees(&self, orders: usize, lines: f32) -> &Self {
        for number in 0..orders {
            let score = if number % 2 == 0 { 0.1 } else { 0.9 };
            self.watch.observe(&self.serving, [(&with_lines("a", lines), score)]);
        }
        self
    }

    fn cause(&self) -> Option<&'static str> {
        self.watch.cause(&self.serving)
    }

    /// What was told since it was asked last.
    fn told(&self) -> Vec<String> {
        let events = std::mem::take(&mut *self.told.lock().unwrap());
        let said = |event: &DriftDetected| {
            format!("{} {} {} {} {}", event.of, event.from, event.to, event.reason, event.decides)
        };
        events.iter().map(said).collect()
    }
}

fn acting() -> DriftSettings {
    DriftSettings { action: Action::Rules, ..settings() }
}

#[test]
fn orders_like_those_of_training_are_nothing_to_tell() {
    let bench = Bench::new(acting());
    bench.sees(200, 0.0);
    assert_eq!((bench.cause(), bench.told()), (None, vec![]));
}

#[test]
fn with_few_orders_nothing_is_said() {
    let bench = Bench::new(acting());
    bench.sees(19, 5.0);
    assert_eq!((bench.cause(), bench.told()), (None, vec![]));
    bench.sees(1, 5.0);
    assert_eq!(bench.cause(), Some(DRIFT));
}

#[test]
fn what_drifts_is_told_once_switches_and_comes_back_by_itself() {
    let bench = Bench::new(acting());
    bench.sees(20, 0.0).sees(4, 5.0);
    assert_eq!(
        (bench.told(), bench.cause()),
        (vec!["line_count calm drifting measured model".to_owned()], None)
    );
    bench.sees(40, 5.0);
    assert_eq!(bench.told(), ["line_count drifting severe measured rules"]);
    assert_eq!((bench.cause(), bench.health.readiness().0), (Some(DRIFT), Readiness::Degraded));
    bench.sees(40, 5.0);
    assert_eq!(bench.told(), Vec::<String>::new(), "it is told once");
    bench.sees(14, 0.0);
    assert_eq!(bench.cause(), Some(DRIFT), "most of the window is drifting still");
    bench.sees(26, 0.0);
    assert_eq!((bench.cause(), bench.health.readiness().0), (None, Readiness::Ready));
    assert_eq!(bench.told(), ["line_count severe calm measured model"]);
}

#[test]
fn where_it_is_only_reported_the_model_goes_on_deciding() {
    let bench = Bench::new(settings());
    bench.sees(20, 5.0);
    assert_eq!(
        (bench.cause(), bench.told()),
        (None, vec!["line_count calm severe measured model".to_owned()])
    );
    assert_eq!(bench.health.readiness().0, Readiness::Ready);
}

#[rstest]
#[case::another_version(true)]
#[case::none(false)]
fn what_a_version_has_shown_does_not_count_for_another(#[case] another: bool) {
    let mut bench = Bench::new(acting());
    bench.sees(20, 5.0);
    assert_eq!((bench.cause(), bench.told().len()), (Some(DRIFT), 1));
    bench.serving.deciding =
        if another { Deciding::Model(version(&Parrot::new(Ok(0.1)))) } else { Deciding::Rules(None) };
    assert_eq!(
        (bench.cause(), bench.told()),
        (None, vec!["line_count severe calm replaced model".to_owned()])
    );
    assert_eq!(bench.health.readiness().0, Readiness::Ready);
}

#[test]
fn without_a_reference_nothing_is_judged() {
    let mut bench = Bench::new(acting());
    bench.serving.deciding = Deciding::Model(crate::model::tests::version("6", &Parrot::new(Ok(0.1))));
    bench.sees(100, 5.0);
    assert_eq!((bench.cause(), bench.told()), (None, vec![]));
}

/// Even where drift is only reported: such a version says nothing at all.
#[test]
fn a_version_that_says_the_same_of_all_orders_is_not_asked_until_it_differs() {
    let bench = Bench::new(DriftSettings { window: 1_000, ..settings() });
    let says = |score: f64, orders: usize| {
        for number in 0..orders {
            let order = with_lines("a", if number % 2 == 0 { 0.0 } else { 0.2 });
            bench.watch.observe(&bench.serving, [(&order, score)]);
        }
    };
    says(0.1, 999);
    assert_eq!(bench.cause(), None);
    says(0.1, 1);
    assert_eq!(bench.cause(), Some(SAME_SCORE));
    let told = ["score calm severe measured model", "score severe severe same_score rules"];
    assert_eq!(bench.told(), told);
    says(0.9, 100);
    assert_eq!((bench.cause(), bench.told()), (None, vec!["score severe severe measured model".to_owned()]));
    // Orders that are all the same may well have the same score.
    for _ in 0..2_000 {
        bench.watch.observe(&bench.serving, [(&seen("a"), 0.1)]);
    }
    assert_eq!(bench.cause(), None);
}

#[test]
fn an_event_says_what_was_measured_of_which_orders() {
    let bench = Bench::new(acting());
    bench.sees(20, 5.0);
    let event = bench.told.lock().unwrap().pop().unwrap();
    assert_eq!((event.model.as_str(), event.version.as_str(), event.orders), ("fraud", "7", 20));
    assert_eq!((event.limit, event.switch_limit, event.ks), (0.25, 0.5, 1.0));
    // All of 20 orders in a bin that held none: 2 · 0.975 · ln 40, less one bin too many by chance, 1 ∕ 20.
    assert!((event.psi - 7.143_314_94).abs() < 1e-6, "{}", event.psi);
    assert_eq!((event.placed_from, event.placed_to), (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
    assert_eq!(seen("a").vector.len(), LEN);
}
