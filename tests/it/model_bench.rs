//! A shop whose fraud-scoring takes its models from a store: what tests of versions begin with.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use orderflow::{
    envelope::ids,
    events::{
        BreakerMoved, FraudDecision, ModelState, ModelVersion, OrderFraudDetected, OrderHeldForReview,
        OrderValidatedForFraud, Record,
    },
    runtime::{Publisher, Root, contract},
    topics::MODELS_STATE,
    trace::TraceContext,
};
use orderflow_cli::environment::Options;
use orderflow_model::ModelStore;
use orderflow_tests::{Request, Shop, eventually, load::Placed, options, sources::shipped_model};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// The first instance, or the only one.
pub const SERVICE: &str = "fraud-scoring-0";

/// A shop whose fraud-scoring takes its models from a store, beside that store and its publisher.
pub struct Bench {
    pub shop: Shop,
    pub store: TempDir,
    /// How many instances of fraud-scoring there are.
    instances: usize,
    publisher: Publisher,
    revision: i64,
}

impl Bench {
    pub async fn open() -> Self {
        Self::given(1, &[]).await
    }

    /// One with so many instances of fraud-scoring, which have more variables.
    pub async fn given(instances: usize, variables: &[(&str, &str)]) -> Self {
        let store = tempfile::tempdir().unwrap();
        let own = [("MODEL_STORE", store.path().to_str().unwrap()), ("FRAUD_ENGINE", "built-in")];
        let variables = own.iter().chain(variables);
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let service_variables: BTreeMap<_, _> =
            options().service_variables.into_iter().chain([("fraud-scoring", variables)]).collect();
        let shop = Shop::open(Options {
            service_variables,
            instances: [("fraud-scoring", instances)].into(),
            ..options()
        })
        .await;
        let connection = shop.environment().connection();
        let writes = [(MODELS_STATE, ModelState::NAME.to_owned())];
        let names = connection.names();
        let codec = contract::resolve(&connection.registry().unwrap(), &names, &[], &writes).await.unwrap();
        let publisher = Publisher::new(connection.kafka_config(), Arc::new(codec), names).unwrap();
        Self { shop, store, instances, publisher, revision: 0 }
    }

    /// Puts the shipped model into the store as another version, which refuses above this score.
    pub async fn publish(&self, version: &str, refuse: f64) -> ModelVersion {
        self.publish_as(version, |manifest| manifest["thresholds"]["refuse"] = json!(refuse)).await
    }

    /// Puts the shipped model into the store as another version, with another manifest.
    pub async fn publish_as(&self, version: &str, change: impl FnOnce(&mut Value)) -> ModelVersion {
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

    /// Says what serves from now on, and waits until every instance has taken that up, as far as it can.
    pub async fn say(&mut self, change: impl FnOnce(&mut ModelState)) {
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

    /// Waits until the metrics of every instance have this line.
    pub async fn measures(&self, line: &str) {
        for instance in 0..self.instances {
            let name = format!("fraud-scoring-{instance}");
            eventually(line, async || match self.shop.metrics(&name).await {
                metrics if metrics.lines().any(|other| other == line) => Ok(()),
                metrics => {
                    let of_models: Vec<_> = metrics.lines().filter(|line| line.contains("_model")).collect();
                    Err(format!("{name}: {}", of_models.join("\n")))
                }
            })
            .await;
        }
    }

    /// Places an order and waits for what is decided on it.
    pub async fn decided(&self, placed: &mut Vec<Placed>) -> FraudDecision {
        let order = self.shop.place(&Request::good()).await;
        placed.push(order);
        self.shop.record::<OrderValidatedForFraud>(&order.order_id.to_string()).await.1.decision
    }

    /// Every decision so far.
    pub async fn decisions(&self) -> Vec<FraudDecision> {
        let mut all: Vec<FraudDecision> = Vec::new();
        all.extend(self.shop.records::<OrderValidatedForFraud>().await.into_iter().map(|(_, e)| e.decision));
        all.extend(self.shop.records::<OrderHeldForReview>().await.into_iter().map(|(_, e)| e.decision));
        all.extend(self.shop.records::<OrderFraudDetected>().await.into_iter().map(|(_, e)| e.decision));
        all
    }

    /// How the breaker of the version that decides has moved so far: from, to, why.
    pub async fn moves(&self) -> Vec<(String, String, String)> {
        let moved = self.shop.records::<BreakerMoved>().await.into_iter().map(|(_, moved)| moved);
        let ours = moved.filter(|moved| moved.breaker == "fraud-model");
        ours.map(|moved| (moved.from, moved.to, moved.reason)).collect()
    }
}
