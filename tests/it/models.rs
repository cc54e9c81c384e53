//! The operator's side of the models: a version is published, tried, refused by the gate, promoted, rolled back.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use jiff::Timestamp;
use orderflow::{
    envelope::ids,
    events::{
        ModelPromoted, ModelPublished, ModelRolledBack, ModelState, ModelSwitched, ModelTrialled, Record,
        ShadowScored,
    },
    runtime::{Publisher, Root, Together, TogetherError, contract},
    topics::{FRAUD_SHADOW, MODELS, MODELS_STATE},
    trace::TraceContext,
};
use orderflow_cli::{
    commands::Cli,
    connection::Connection,
    log::{Decoder, read},
};
use orderflow_model::ModelStore;
use orderflow_tests::{
    bucket::{Bucket, KEY},
    options, servers,
    sources::shipped_model,
};
use tempfile::TempDir;
use uuid::Uuid;

/// A place of its own on the shared servers, without any service, and a model store.
struct Office {
    connection: Connection,
    store: TempDir,
}

impl Office {
    async fn open() -> Self {
        let connection = servers::connection(servers::shared().await, &options().prefix);
        let office = Self { connection, store: tempfile::tempdir().unwrap() };
        office.does(&["topics", "apply", "--partitions", "3"]).await;
        office.does(&["schemas", "register"]).await;
        office
    }

    /// Runs `orderflow` with these arguments; whether all was well.
    async fn orderflow(&self, arguments: &[&str]) -> Result<bool> {
        let servers = &self.connection.servers;
        let at = [
            "--kafka",
            &servers.kafka.bootstrap,
            "--registry",
            &servers.registry.url,
            "--prefix",
            &self.connection.prefix,
        ];
        let line = [&["orderflow"], arguments, &at].concat();
        Cli::try_parse_from(line)?.run().await.with_context(|| arguments.join(" "))
    }

    async fn does(&self, arguments: &[&str]) {
        assert!(self.orderflow(arguments).await.unwrap(), "{arguments:?}");
    }

    /// An operator's `orderflow models …`.
    async fn models(&self, arguments: &[&str]) -> Result<bool> {
        let who = ["--by", "ada", "--reason", "incident 2025-31"];
        self.orderflow(&[&["models"], arguments, &who].concat()).await
    }

    async fn changes(&self, arguments: &[&str]) {
        assert!(self.models(arguments).await.unwrap(), "{arguments:?}");
    }

    async fn refused(&self, arguments: &[&str]) -> String {
        format!("{:#}", self.models(arguments).await.expect_err("it is refused"))
    }

    /// A model like the shipped one, under this version.
    async fn publishes(&self, version: &str) -> Result<bool> {
        let folder = tempfile::tempdir().unwrap();
        let shipped = shipped_model();
        for file in ["model.onnx", "golden.json", "CARD.md"] {
            std::fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
        }
        let manifest = std::fs::read(shipped.join("manifest.json")).unwrap();
        let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        manifest["version"] = version.into();
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        let (folder, store) = (folder.path().to_str().unwrap(), self.store.path().to_str().unwrap());
        self.models(&["publish", folder, "--model-store", store]).await
    }

    /// The records of a type, as they stand on their topic.
    async fn records<R: Record>(&self) -> Vec<R> {
        let (config, names) = (self.connection.kafka_config(), self.connection.names());
        let decoder = Decoder::new(self.connection.registry().unwrap());
        let entries = read(&config, &names, &[R::TOPIC], false).await.unwrap();
        decoder.learn(&entries).await.unwrap();
        entries.iter().filter_map(|entry| decoder.decode(entry).unwrap()).collect()
    }

    /// The newest state, as `revision on live previous candidate mode`.
    async fn state(&self) -> String {
        let state = self.records::<ModelState>().await.pop().unwrap();
        let [live, previous, candidate] = [state.live, state.previous, state.candidate]
            .map(|version| version.map_or("-".to_owned(), |version| version.version));
        format!("{} {} {live} {previous} {candidate} {}", state.revision, state.on, state.mode)
    }

    /// What fraud-scoring would tell of a version that is tried.
    async fn has_scored(&self, version: &str, orders: u128) {
        let (registry, names) = (self.connection.registry().unwrap(), self.connection.names());
        let writes = [(FRAUD_SHADOW, ShadowScored::NAME.to_owned())];
        let codec = Arc::new(contract::resolve(&registry, &names, &[], &writes).await.unwrap());
        let publisher = Publisher::new(self.connection.kafka_config(), codec, names).unwrap();
        for order in 0..orders {
            let scored = scored(version, Uuid::from_u128(order));
            publisher.send(&publisher.prepare(&scored, root("fraud-scoring")).unwrap()).await.unwrap();
        }
    }
}

fn scored(version: &str, order: Uuid) -> ShadowScored {
    ShadowScored {
        order_id: order,
        order_event_id: order,
        model: "fraud".to_owned(),
        version: version.to_owned(),
        engine: "built-in".to_owned(),
        score: 0.1,
        threshold: 0.85,
        hold_threshold: 0.3,
        reasons: Vec::new(),
        micros: 8.0,
        decided_score: 0.2,
        decided_by: "rules".to_owned(),
        decided_version: "1".to_owned(),
        decided_outcome: "validated".to_owned(),
        scored_at: Timestamp::UNIX_EPOCH,
    }
}

fn root(source: &str) -> Root {
    let id = ids::from_parts(&[source, &Uuid::new_v4().to_string()]);
    Root { id, source: source.to_owned(), correlation_id: id.to_string(), trace: TraceContext::root() }
}

#[tokio::test]
async fn a_version_is_published_tried_held_back_by_the_gate_forced_and_rolled_back() {
    let office = Office::open().await;
    assert!(office.refused(&["shadow", "a"]).await.contains("not published"));
    assert!(office.publishes("a").await.unwrap());
    let published = office.records::<ModelPublished>().await.pop().unwrap();
    assert_eq!((published.version.folder.as_str(), published.files.len()), ("fraud/a", 4));
    assert!(office.store.path().join("fraud/a/manifest.json").is_file());

    office.changes(&["shadow", "a"]).await;
    assert_eq!(office.state().await, "1 true - - a shadow");
    office.has_scored("a", 3).await;
    let refused = office.refused(&["promote", "a"]).await;
    assert!(refused.contains("orders scored: 3, wanted at least 500"), "{refused}");
    assert!(!office.orderflow(&["models", "report", "a"]).await.unwrap(), "it would not pass");
    assert_eq!(office.state().await, "1 true - - a shadow");
    office.changes(&["canary", "a", "--share", "0.05"]).await;
    assert_eq!(office.state().await, "2 true - - a canary");
    office.changes(&["promote", "a", "--force"]).await;
    assert_eq!(office.state().await, "3 true a - - none");

    // Another one passes, where three orders are enough.
    assert!(office.publishes("b").await.unwrap());
    office.has_scored("b", 3).await;
    office.does(&["models", "report", "b", "--min-orders", "3"]).await;
    office.changes(&["promote", "b", "--min-orders", "3"]).await;
    assert_eq!(office.state().await, "4 true b a - none");
    office.changes(&["rollback"]).await;
    assert_eq!(office.state().await, "5 true a - - none");
    office.changes(&["off"]).await;
    office.changes(&["on"]).await;
    assert_eq!(office.state().await, "7 true a - - none");

    let promoted = office.records::<ModelPromoted>().await;
    assert_eq!(promoted.iter().map(|event| event.forced).collect::<Vec<_>>(), [true, false]);
    assert!(promoted[0].gate.contains("orders scored 3 (wanted at least 500)"), "{}", promoted[0].gate);
    assert_eq!((promoted[0].promoted_by.as_str(), promoted[0].reason.as_str()), ("ada", "incident 2025-31"));
    assert_eq!(office.records::<ModelTrialled>().await.len(), 2);
    assert_eq!(office.records::<ModelRolledBack>().await[0].replaced.version, "b");
    assert_eq!(office.records::<ModelSwitched>().await.len(), 2);
    office.does(&["models", "list"]).await;
    let store = office.store.path().to_str().unwrap();
    office.does(&["models", "show", "b", "--model-store", store]).await;
}

#[tokio::test]
async fn a_version_that_is_damaged_or_there_with_other_files_is_not_published() {
    let office = Office::open().await;
    assert!(office.publishes("a").await.unwrap());
    assert!(office.publishes("a").await.unwrap(), "a repeat changes nothing");
    let stored = office.store.path().join("fraud/a/manifest.json");
    let text = std::fs::read_to_string(&stored).unwrap();
    std::fs::write(&stored, format!("{text} ")).unwrap();
    let refused = format!("{:#}", office.publishes("a").await.unwrap_err());
    assert!(refused.contains("a version is never changed"), "{refused}");
    let damaged = tempfile::tempdir().unwrap();
    std::fs::write(damaged.path().join("manifest.json"), "{}").unwrap();
    let store = office.store.path().to_str().unwrap();
    let refused =
        office.refused(&["publish", damaged.path().to_str().unwrap(), "--model-store", store]).await;
    assert!(refused.contains("missing field `name`"), "{refused}");
    assert_eq!(office.records::<ModelPublished>().await.len(), 1);
}

#[tokio::test]
async fn of_two_operators_at_once_one_changes_what_it_has_seen() {
    let office = Office::open().await;
    let (registry, names) = (office.connection.registry().unwrap(), office.connection.names());
    let writes = [(MODELS, ModelSwitched::NAME.to_owned()), (MODELS_STATE, ModelState::NAME.to_owned())];
    let codec = Arc::new(contract::resolve(&registry, &names, &[], &writes).await.unwrap());
    let config = office.connection.kafka_config();
    // As far as `orderflow models off` comes before somebody else runs it too.
    let slow = Together::open(config, codec, names, "models-fraud").await.unwrap();
    office.changes(&["off"]).await;
    let event = ModelSwitched {
        model: "fraud".to_owned(),
        on: false,
        switched_by: "grace".to_owned(),
        reason: "too late".to_owned(),
        switched_at: Timestamp::UNIX_EPOCH,
    };
    let late = slow.publish(&[slow.prepare(&event, root("operator")).unwrap()]).await.unwrap_err();
    assert!(matches!(late, TogetherError::Fenced), "{late:?}");
    let switched = office.records::<ModelSwitched>().await;
    assert_eq!(switched.iter().map(|event| event.switched_by.as_str()).collect::<Vec<_>>(), ["ada"]);
    assert_eq!(office.state().await, "1 false - - - none");
    assert!(office.refused(&["off"]).await.contains("off already"));
}

#[tokio::test]
async fn a_bucket_keeps_versions_as_a_folder_does() {
    let (bucket, shipped) = (Bucket::empty().await, shipped_model());
    let store = ModelStore::open(&bucket.address(), bucket.variables()).unwrap();
    let stored = store.put(&shipped).await.unwrap();
    assert_eq!(store.put(&shipped).await.unwrap(), stored);
    let cache = tempfile::tempdir().unwrap();
    let hash = stored.manifest_sha256.to_string();
    let fetched = store.fetch(&stored.folder, &hash, cache.path()).await.unwrap();
    let model = |folder: &Path| std::fs::read(folder.join("model.onnx")).unwrap();
    assert_eq!(model(&fetched), model(&shipped));

    let stranger = ModelStore::open(&bucket.address(), bucket.variables_with("guessed")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = stranger.fetch(&stored.folder, &hash, elsewhere.path()).await.unwrap_err().to_string();
    assert!(refused.contains("access is denied") && !refused.contains(KEY), "{refused}");
}
