//! Which version of the model decides is said on `models.state`: taken up without a restart, and without an order lost.

mod drift;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use orderflow::{
    envelope::ids,
    events::{
        BreakerMoved, FraudDecision, ModelState, ModelVersion, OrderFraudDetected, OrderHeldForReview,
        OrderValidatedForFraud, Record, ShadowScored,
    },
    runtime::{Publisher, Root, contract},
    topics::MODELS_STATE,
    trace::TraceContext,
};
use orderflow_cli::environment::Options;
use orderflow_model::{ModelStore, Sha256};
use orderflow_tests::{Request, Shop, eventually, load::Placed, options, sources::shipped_model};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const SERVICE: &str = "fraud-scoring-0";

/// A shop whose fraud-scoring takes its models from a store, beside that store and its publisher.
struct Bench {
    shop: Shop,
    store: TempDir,
    publisher: Publisher,
    revision: i64,
}

impl Bench {
    async fn open() -> Self {
        Self::given(&[]).await
    }

    /// One whose fraud-scoring has more variables.
    async fn given(variables: &[(&str, &str)]) -> Self {
        let store = tempfile::tempdir().unwrap();
        let own = [("MODEL_STORE", store.path().to_str().unwrap()), ("FRAUD_ENGINE", "built-in")];
        let variables = own.iter().chain(variables);
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let service_variables: BTreeMap<_, _> =
            options().service_variables.into_iter().chain([("fraud-scoring", variables)]).collect();
        let shop = Shop::open(Options { service_variables, ..options() }).await;
        let connection = shop.environment().connection();
        let writes = [(MODELS_STATE, ModelState::NAME.to_owned())];
        let names = connection.names();
        let codec = contract::resolve(&connection.registry().unwrap(), &names, &[], &writes).await.unwrap();
        let publisher = Publisher::new(connection.kafka_config(), Arc::new(codec), names).unwrap();
        Self { shop, store, publisher, revision: 0 }
    }

    /// Puts the shipped model into the store as another version, which refuses above this score.
    async fn publish(&self, version: &str, refuse: f64) -> ModelVersion {
        self.publish_as(version, |manifest| manifest["thresholds"]["refuse"] = json!(refuse)).await
    }

    /// Puts the shipped model into the store as another version, with another manifest.
    async fn publish_as(&self, version: &str, change: impl FnOnce(&mut Value)) -> ModelVersion {
        let shipped = shipped_model();
        let folder = tempfile::tempdir().unwrap();
        for file in ["model.onnx", "golden.json"] {
            std::fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
        }
        let manifest = std::fs::read(shipped.join("manifest.json")).unwrap();
        let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
        manifest["version"] = json!(version);
        change(&mut manifest);
        std::fs::write(folder.path().join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
        let address = self.store.path().to_str().unwrap().parse().unwrap();
        let store = ModelStore::open(&address, []).unwrap();
        let stored = store.put(folder.path()).await.unwrap();
        let manifest_sha256 = stored.manifest_sha256.to_string();
        ModelVersion { version: stored.version, folder: stored.folder, manifest_sha256 }
    }

    /// Says what serves from now on, and waits until it does, as far as it can.
    async fn say(&mut self, change: impl FnOnce(&mut ModelState)) {
        self.revision += 1;
        let mut state = ModelState {
            model: "fraud".into(),
            revision: self.revision,
            on: true,
            live: None,
            previous: None,
            can_roll_back: false,
            candidate: None,
            mode: "none".into(),
            share: 0.0,
            changed_by: "a test".into(),
            reason: "a test".into(),
            changed_at: Timestamp::UNIX_EPOCH,
        };
        change(&mut state);
        let id = ids::from_parts(&["a test", &Uuid::new_v4().to_string()]);
        let (correlation_id, trace) = (id.to_string(), TraceContext::root());
        let root = Root { id, source: "a test".into(), correlation_id, trace };
        self.publisher.send(&self.publisher.prepare(&state, root).unwrap()).await.unwrap();
        self.measures(&format!("orderflow_model_state_revision {}", self.revision)).await;
    }

    /// Waits until the service's metrics have this line.
    async fn measures(&self, line: &str) {
        eventually(line, async || match self.shop.metrics(SERVICE).await {
            metrics if metrics.lines().any(|other| other == line) => Ok(()),
            metrics => {
                Err(metrics.lines().filter(|line| line.contains("_model")).collect::<Vec<_>>().join("\n"))
            }
        })
        .await;
    }

    /// Places an order and waits for what is decided on it.
    async fn decided(&self, placed: &mut Vec<Placed>) -> FraudDecision {
        let order = self.shop.place(&Request::good()).await;
        placed.push(order);
        self.shop.record::<OrderValidatedForFraud>(&order.order_id.to_string()).await.1.decision
    }

    /// Every decision so far.
    async fn decisions(&self) -> Vec<FraudDecision> {
        let mut all: Vec<FraudDecision> = Vec::new();
        all.extend(self.shop.records::<OrderValidatedForFraud>().await.into_iter().map(|(_, e)| e.decision));
        all.extend(self.shop.records::<OrderHeldForReview>().await.into_iter().map(|(_, e)| e.decision));
        all.extend(self.shop.records::<OrderFraudDetected>().await.into_iter().map(|(_, e)| e.decision));
        all
    }
}

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
    let mut bench = Bench::given(&[("MODEL_TIME_LIMIT", "0")]).await;
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
        let moved = bench.shop.records::<BreakerMoved>().await.into_iter();
        let moved: Vec<(String, String)> = moved.map(|(_, moved)| (moved.to, moved.reason)).collect();
        let told = |to: &str, reason: &str| moved.contains(&(to.to_owned(), reason.to_owned()));
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
    let mut bench = Bench::given(&[("MODEL_TIME_LIMIT", "0")]).await;
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
