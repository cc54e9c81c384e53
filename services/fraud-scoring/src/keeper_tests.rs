use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use anyhow::{Result, bail};
use async_trait::async_trait;
use orderflow::{clock::Clock, health::Readiness};
use orderflow_model::{Sha256, manifest::Thresholds};
use tokio::sync::watch;

use super::*;
use crate::{
    guard::tests::guard,
    model::tests::Parrot,
    wanted::tests::{published, state},
};

/// A store that has these versions, and counts how often it is asked.
#[derive(Default)]
struct Shelf {
    has: Mutex<BTreeSet<&'static str>>,
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Shelf {
    fn has(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.has.lock().unwrap()
    }

    fn asked(&self, version: &str) -> usize {
        self.asked.lock().unwrap().get(version).copied().unwrap_or_default()
    }
}

#[async_trait]
impl Loader for Arc<Shelf> {
    async fn load(&self, version: &ModelVersion) -> Result<Version> {
        *self.asked.lock().unwrap().entry(version.version.clone()).or_default() += 1;
        if version.version == "hangs" {
            return pending().await;
        }
        if !self.has().contains(version.version.as_str()) {
            bail!("it is not there");
        }
        Ok(named(&version.version, Some(version.clone())))
    }
}

fn named(name: &str, published: Option<ModelVersion>) -> Version {
    Version {
        model: Box::new(Parrot::new(Ok(0.1))),
        name: name.into(),
        engine: "built-in",
        thresholds: Thresholds { refuse: 0.8, hold: 0.3 },
        explain_from: 0.3,
        fingerprint: Sha256::of(name.as_bytes()),
        reference: None,
        published,
    }
}

fn keeper(own: Option<&str>) -> (Keeper<Arc<Shelf>>, Arc<Shelf>) {
    let shelf = Arc::<Shelf>::default();
    shelf.has().extend(["7", "8"]);
    let own = own.map(|name| Arc::new(named(name, None)));
    let guard = || guard(&Clock::system(), Duration::MAX);
    let keeper = Keeper {
        loader: Arc::clone(&shelf),
        slot: Arc::new(Slot::new(Serving {
            deciding: by_default(own.as_ref(), None),
            trial: None,
            previous: None,
        })),
        guards: Guards { live: guard(), candidate: guard(), previous: guard() },
        own,
        keeps_previous: false,
        health: Health::default(),
    };
    (keeper, shelf)
}

impl Keeper<Arc<Shelf>> {
    /// Who decides, and what is tried, once this state was taken up.
    async fn after(&self, state: &ModelState) -> (String, String, usize) {
        let troubles = self.take_up(Some(state)).await;
        let serving = self.slot.current();
        let tried = serving.trial.as_ref().map(|trial| trial.version.name.clone());
        let tried = format!("{} {}", serving.mode_name(), tried.unwrap_or_default());
        (serving.deciding.name().to_owned(), tried.trim().to_owned(), troubles.len())
    }
}

fn said(decides: &str, tried: &str, troubles: usize) -> (String, String, usize) {
    (decides.into(), tried.into(), troubles)
}

#[tokio::test]
async fn a_version_goes_through_shadow_canary_and_promotion_and_back_and_is_fetched_once() {
    let (keeper, shelf) = keeper(Some("own"));
    for (state, expected) in [
        (state(None, None, "none"), said("own", "none", 0)),
        (state(None, Some("7"), "shadow"), said("own", "shadow 7", 0)),
        (state(None, Some("7"), "canary"), said("own", "canary 7", 0)),
        (state(Some("7"), None, "none"), said("7", "none", 0)),
        (state(Some("7"), Some("8"), "shadow"), said("7", "shadow 8", 0)),
        (state(Some("8"), None, "none"), said("8", "none", 0)),
        (state(Some("7"), None, "none"), said("7", "none", 0)),
        (ModelState { on: false, ..state(Some("7"), None, "none") }, said("rules", "none", 0)),
        (state(Some("7"), None, "none"), said("7", "none", 0)),
        (state(None, None, "none"), said("own", "none", 0)),
    ] {
        assert_eq!(keeper.after(&state).await, expected);
    }
    assert_eq!((shelf.asked("7"), shelf.asked("8")), (1, 1));
}

#[tokio::test]
async fn a_version_that_cannot_be_had_leaves_the_one_before_it() {
    let (keeper, shelf) = keeper(None);
    assert_eq!(keeper.after(&state(Some("7"), None, "none")).await, said("7", "none", 0));
    assert_eq!(keeper.after(&state(Some("9"), Some("8"), "shadow")).await, said("7", "shadow 8", 1));
    // One that is asked for no more is tried no more, though its successor cannot be.
    assert_eq!(keeper.after(&state(Some("7"), Some("9"), "shadow")).await, said("7", "none", 1));
    shelf.has().insert("9");
    assert_eq!(keeper.after(&state(Some("9"), None, "none")).await, said("9", "none", 0));
}

#[tokio::test]
async fn the_version_before_the_live_one_stands_by_where_it_is_to_and_needs_no_store() {
    let (mut keeper, shelf) = keeper(None);
    let stands_by = |keeper: &Keeper<_>| {
        let serving = keeper.slot.current();
        serving.previous.as_ref().map(|version| version.name.clone())
    };
    keeper.after(&state(Some("7"), None, "none")).await;
    let promoted =
        ModelState { previous: Some(published("7")), can_roll_back: true, ..state(Some("8"), None, "none") };
    assert_eq!((keeper.after(&promoted).await, stands_by(&keeper)), (said("8", "none", 0), None));
    keeper.keeps_previous = true;
    assert_eq!(keeper.after(&promoted).await, said("8", "none", 0));
    assert_eq!((stands_by(&keeper).as_deref(), shelf.asked("7")), (Some("7"), 1));
    // One that cannot be had leaves nobody but rules.
    let lost = ModelState { previous: Some(published("9")), ..promoted };
    assert_eq!((keeper.after(&lost).await, stands_by(&keeper)), (said("8", "none", 1), None));
}

#[tokio::test]
async fn without_one_before_it_the_service_serves_what_it_was_started_with() {
    let wants = state(Some("9"), None, "none");
    let (own, _) = keeper(Some("own"));
    assert_eq!(own.after(&wants).await, said("own", "none", 1));
    let (none, _) = keeper(None);
    assert_eq!(none.after(&wants).await, said("rules", "none", 1));
    assert!(matches!(none.slot.current().deciding, Deciding::Rules(Some("model_unavailable"))));
}

#[tokio::test]
async fn what_serves_already_is_not_replaced() {
    let (keeper, _) = keeper(None);
    let wants = state(Some("7"), Some("8"), "shadow");
    keeper.take_up(Some(&wants)).await;
    let before = keeper.slot.current();
    keeper.take_up(Some(&ModelState { revision: 2, ..wants })).await;
    assert!(Arc::ptr_eq(&before, &keeper.slot.current()));
}

#[tokio::test]
async fn readiness_tells_of_a_version_that_cannot_be_had_until_it_can() {
    let (keeper, shelf) = keeper(None);
    let wants = BTreeMap::from([(NAME.to_owned(), state(Some("9"), None, "none"))]);
    let (_told, mut followed) = watch::channel(Some(wants));
    assert!(!keeper.turn(&mut followed).await);
    let (readiness, concerns) = keeper.health.readiness();
    assert_eq!(readiness, Readiness::Degraded);
    let said = &concerns[CONCERN];
    assert!(said.contains("version 9 (live)") && said.contains("rules decides"), "{said}");
    shelf.has().insert("9");
    assert!(keeper.turn(&mut followed).await);
    assert_eq!(keeper.health.readiness().0, Readiness::Ready);
}

#[tokio::test]
async fn a_store_that_hangs_does_not_keep_models_from_being_switched_off() {
    let (keeper, _) = keeper(None);
    keeper.take_up(Some(&state(Some("7"), None, "none"))).await;
    let wants = |state| Some(BTreeMap::from([(NAME.to_owned(), state)]));
    let (told, mut followed) = watch::channel(wants(state(Some("hangs"), None, "none")));
    let switch = async {
        tokio::task::yield_now().await;
        told.send_replace(wants(ModelState { on: false, ..state(Some("hangs"), None, "none") }));
    };
    let (whole, ()) = tokio::join!(keeper.turn(&mut followed), switch);
    assert!(whole);
    assert_eq!(keeper.slot.current().deciding.name(), "rules");
}

#[test]
fn a_published_version_is_known_by_all_that_was_asked_for() {
    let (keeper, _) = keeper(None);
    let deciding = Deciding::Model(Arc::new(named("7", Some(published("7")))));
    keeper.slot.swap(Serving { deciding, trial: None, previous: None });
    let same_name = ModelVersion { manifest_sha256: "other".into(), ..published("7") };
    assert!(keeper.slot.current().version(&published("7")).is_some());
    assert!(keeper.slot.current().version(&same_name).is_none());
}
