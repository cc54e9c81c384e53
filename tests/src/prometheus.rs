//! A Prometheus and an Alertmanager of the test's own, from Debian's packages, where they are installed.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::post};
use orderflow_stack::{Process, Spec, free_port};
use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command, task::JoinSet};

use crate::Shop;

/// They start within a second; this is for a machine that also compiles.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The file of the first of these programs that is installed.
#[must_use]
pub fn program(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let files = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

/// The first of these programs; without it a line says what is not tested.
#[must_use]
pub fn program_or_skip(names: &[&str]) -> Option<PathBuf> {
    let found = program(names);
    if found.is_none() {
        // Not by a macro: what passes would not be shown.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no {} (Debian: prometheus, prometheus-alertmanager)",
            names[0]
        );
    }
    found
}

/// Runs a program, which must succeed.
pub async fn runs(program: &Path, arguments: &[&str], folder: &Path) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().await.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{} {arguments:?}:\n{out}\n{err}", program.display());
}

/// A Prometheus that scrapes a shop, until it is dropped.
pub struct Prometheus {
    url: String,
    http: Client,
    _process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes this shop every second, and evaluates these rules (file names and contents) twice as often.
    pub async fn start(
        program: PathBuf,
        shop: &Shop,
        rules: &[(String, String)],
        alertmanager: Option<&Alertmanager>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in rules {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}\n\
                          rule_files: ['*.rules.yml']\n"
            .to_owned();
        if let Some(Alertmanager { address, .. }) = alertmanager {
            let _ = writeln!(
                config,
                "alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}"
            );
        }
        config += "scrape_configs:\n  - job_name: orderflow\n    static_configs:\n";
        for instance in shop.environment().instances() {
            let target = instance.operator_url().trim_start_matches("http://").to_owned();
            let _ = writeln!(
                config,
                "      - {{targets: ['{target}'], labels: {{service: {}}}}}",
                instance.service()
            );
        }
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let process = Process::start(&Spec {
            name: "prometheus".to_owned(),
            program,
            args: vec![
                format!("--config.file={}", path("prometheus.yml")),
                format!("--storage.tsdb.path={}", path("data")),
                format!("--web.listen-address={address}"),
                // The newest sample is the answer, also of what stopped a moment ago.
                "--query.lookback-delta=5s".to_owned(),
            ],
            log: folder.path().join("log"),
            ..Spec::default()
        })
        .unwrap();
        let url = format!("http://{address}");
        process.wait_ready(&format!("{url}/-/ready"), READY_WITHIN).await.unwrap();
        let http = Client::builder().no_proxy().timeout(READY_WITHIN).build().unwrap();
        Self { url, http, _process: process, _folder: folder }
    }

    /// What it answers to a query: its series.
    ///
    /// # Errors
    /// In its own words, when it does not understand the query, or fails.
    pub async fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let asked = self.http.get(format!("{}/api/v1/query", self.url)).query(&[("query", query)]).send();
        let answer: Value = asked.await.unwrap().json().await.unwrap();
        match answer["data"]["result"].as_array() {
            Some(found) if answer["status"] == "success" => Ok(found.clone()),
            _ => Err(answer["error"].to_string()),
        }
    }
}

/// An Alertmanager that hands on every alert at once, and who it hands them to. Until it is dropped.
pub struct Alertmanager {
    address: String,
    told: Arc<Mutex<Vec<Value>>>,
    _process: Process,
    _folder: TempDir,
    _receiver: JoinSet<()>,
}

impl Alertmanager {
    /// Starts one.
    pub async fn start(program: PathBuf) -> Self {
        let told = Arc::<Mutex<Vec<Value>>>::default();
        let (receiver, server) = receiver(Arc::clone(&told)).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("alertmanager.yml");
        let config = format!(
            "route: {{receiver: test, group_by: ['...'], group_wait: 0s, group_interval: 1s}}\n\
             receivers: [{{name: test, webhook_configs: [{{url: 'http://{receiver}/'}}]}}]\n"
        );
        std::fs::write(&file, config).unwrap();
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let process = Process::start(&Spec {
            name: "alertmanager".to_owned(),
            program,
            args: vec![
                format!("--config.file={}", file.display()),
                format!("--storage.path={}", folder.path().join("data").display()),
                format!("--web.listen-address={address}"),
                "--cluster.listen-address=".to_owned(),
            ],
            log: folder.path().join("log"),
            ..Spec::default()
        })
        .unwrap();
        process.wait_ready(&format!("http://{address}/-/ready"), READY_WITHIN).await.unwrap();
        Self { address, told, _process: process, _folder: folder, _receiver: server }
    }

    /// The alerts that were handed on while they fired, each as often as that was.
    #[must_use]
    pub fn told(&self) -> Vec<Value> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receiver(told: Arc<Mutex<Vec<Value>>>) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let take = move |Json(message): Json<Value>| async move {
        let alerts = message["alerts"].as_array().cloned().unwrap_or_default();
        let firing = alerts.into_iter().filter(|alert| alert["status"] == "firing");
        told.lock().unwrap_or_else(PoisonError::into_inner).extend(firing);
        StatusCode::OK
    };
    let mut server = JoinSet::new();
    let routes = Router::new().route("/", post(take));
    server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (address, server)
}
