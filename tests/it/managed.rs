//! Servers as managed ones are: over TLS, for a user with a password.

use std::path::{Path, PathBuf};
use std::process::Command;

use orderflow::{
    events::{LabelDocumentStored, PickupScheduled},
    servers::{Kafka, Redis},
};
use orderflow_cli::connection::Connection;
use orderflow_stack::{Process, Servers, Spec, free_port, servers::Guarded};
use orderflow_tests::{Request, Shop, alone::Alone, eventually, options, servers};
use serde_json::Value;
use tempfile::TempDir;

const WRONG: &str = "not-the-password";

#[tokio::test]
async fn an_order_goes_its_whole_way_over_tls_as_a_user() {
    let Some(servers) = servers::own_guarded_kafka().await else { return };
    let shop = Shop::open_on(&servers, options()).await;
    let placed = shop.place(&Request::good()).await;
    let key = placed.order_id.to_string();
    shop.record::<LabelDocumentStored>(&key).await;
    shop.record::<PickupScheduled>(&key).await;
    for command in [&["schemas", "check"][..], &["dlq", "list"], &["orders", "show", &key]] {
        shop.orderflow(command).await;
    }
    let found = shop.orderflow(&["doctor"]).await;
    assert!(kafka(&found)["found"].as_str().unwrap().ends_with("over SASL_SSL (SCRAM-SHA-512)"), "{found}");
    let password = &servers.guarded.as_ref().unwrap().password;
    for instance in shop.environment().instances() {
        let said = std::fs::read_to_string(instance.log()).unwrap();
        assert!(!said.contains(password), "{} shows the password", instance.name());
    }
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_user_who_is_refused_waits_and_says_so_without_the_password() {
    let Some(servers) = servers::own_guarded_kafka().await else { return };
    let guarded = servers.guarded.as_ref().unwrap();
    let alone = Alone::start(&through(&servers, way(guarded, WRONG, Some(guarded.ca.as_path())))).await;
    alone.says("Kafka refuses the credentials: check KAFKA_SASL_USERNAME").await;
    assert!(alone.process.is_running());
    assert!(!alone.said().contains(WRONG), "{}", alone.said());
}

#[tokio::test]
async fn doctor_says_what_is_wrong_with_the_way_to_kafka() {
    let Some(servers) = servers::own_guarded_kafka().await else { return };
    let guarded = servers.guarded.as_ref().unwrap();
    let plain_port = Guarded { bootstrap: servers.kafka_bootstrap.clone(), ..guarded.clone() };
    for (kafka, advice) in [
        (way(guarded, WRONG, Some(guarded.ca.as_path())), "check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD"),
        (way(guarded, &guarded.password, None), "KAFKA_SSL_CA_LOCATION"),
        (way(&plain_port, &guarded.password, Some(guarded.ca.as_path())), "speaks no TLS at this port"),
        (Kafka::plaintext(&guarded.bootstrap), "may want TLS or a user"),
    ] {
        let found = doctor(&through(&servers, kafka)).await;
        let said = self::kafka(&found);
        assert_eq!(said["found"], Value::Null, "{found}");
        assert!(said["how_to_get"].as_str().unwrap().contains(advice), "{advice}: {found}");
        let text = found.to_string();
        assert!(!text.contains(WRONG) && !text.contains(&guarded.password), "{text}");
    }
}

#[tokio::test]
async fn redis_is_spoken_to_over_tls_and_doctor_says_what_is_wrong_with_the_way_there() {
    let Some(servers) = servers::own_guarded_kafka().await else { return };
    let guarded = servers.guarded.as_ref().unwrap();
    let Some(redis) = TlsRedis::start(guarded).await else { return };
    let ca = guarded.ca.display().to_string();
    for (redis, advice) in [
        (Redis::at(redis.url(WRONG), Some(ca.clone())), "check user and password in REDIS_URL"),
        (Redis::at(redis.url(&guarded.password), None), "REDIS_CA_FILE"),
        (Redis::at(redis.url(&guarded.password).replace("rediss", "redis"), None), "may want TLS"),
    ] {
        let mut connection = options().connection(&servers).unwrap();
        connection.servers.redis = redis.unwrap();
        let found = doctor(&connection).await;
        let said = &found["servers"][1];
        assert_eq!(said["found"], Value::Null, "{found}");
        assert!(said["how_to_get"].as_str().unwrap().contains(advice), "{advice}: {found}");
        let text = found.to_string();
        assert!(!text.contains(WRONG) && !text.contains(&guarded.password), "{text}");
    }
    let mut connection = options().connection(&servers).unwrap();
    connection.servers.redis = Redis::at(redis.url(&guarded.password), Some(ca)).unwrap();
    orderflow(&connection, &["topics", "apply"]).await;
    orderflow(&connection, &["schemas", "register"]).await;
    let alone = Alone::start(&connection).await;
    alone.gets_ready_and_ends().await;
    assert!(!alone.said().contains(&guarded.password), "{}", alone.said());
}

/// To the guarded broker as its user.
fn way(guarded: &Guarded, password: &str, ca: Option<&Path>) -> Kafka {
    let ca = ca.map(|file| file.display().to_string());
    Kafka::guarded(&guarded.bootstrap, &guarded.user, password.into(), ca)
}

fn through(servers: &Servers, kafka: Kafka) -> Connection {
    let mut connection = options().connection(servers).unwrap();
    connection.servers.kafka = kafka;
    connection
}

fn kafka(found: &Value) -> &Value {
    &found["servers"][0]
}

/// What it finds; how it ends depends on what else this machine has.
async fn doctor(connection: &Connection) -> Value {
    serde_json::from_str(&orderflow(connection, &["doctor", "--json"]).await).unwrap()
}

async fn orderflow(connection: &Connection, arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(servers::binaries().await.path("orderflow").unwrap());
    let output = command.args(arguments).envs(connection.variables()).output().await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A Redis that speaks only TLS, with the broker's certificate and password.
struct TlsRedis {
    port: u16,
    process: Process,
    _folder: TempDir,
}

impl TlsRedis {
    /// `None`, with the reason printed, where none can be had.
    async fn start(guarded: &Guarded) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let pem = folder.path().join("redis.pem");
        let (Some(program), true) = (on_path("redis-server"), as_pem(guarded, &pem)) else {
            eprintln!("skipped: redis-server and openssl are not installed");
            return None;
        };
        let (port, pem) = (free_port().unwrap(), pem.display().to_string());
        let tls =
            ["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"].map(str::to_owned);
        let more = ["--tls-cert-file", &pem, "--tls-key-file", &pem, "--requirepass", &guarded.password];
        let spec = Spec {
            name: "redis-tls".to_owned(),
            program,
            args: tls
                .into_iter()
                .chain(more.map(str::to_owned))
                .chain(["--save".to_owned(), String::new()])
                .collect(),
            log: folder.path().join("redis.log"),
            ..Spec::default()
        };
        let redis = Self { port, process: Process::start(&spec).unwrap(), _folder: folder };
        let up = eventually("Redis to listen or to end", async || {
            let said = std::fs::read_to_string(redis.process.log()).unwrap();
            match (redis.process.is_running(), said.contains("Ready to accept connections")) {
                (false, _) => Ok(Err(said)),
                (true, true) => Ok(Ok(())),
                (true, false) => Err(said),
            }
        });
        match up.await {
            Ok(()) => Some(redis),
            Err(said) => {
                eprintln!("skipped: this redis-server speaks no TLS: {said}");
                None
            }
        }
    }

    fn url(&self, password: &str) -> String {
        format!("rediss://:{password}@127.0.0.1:{}", self.port)
    }
}

/// Writes certificate and key as Redis reads them; whether that could be done.
fn as_pem(guarded: &Guarded, pem: &Path) -> bool {
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs12", "-nodes", "-in"]).arg(&guarded.keystore).arg("-out").arg(pem);
    let done = openssl.args(["-passin", &format!("pass:{}", guarded.password)]).output();
    done.is_ok_and(|output| output.status.success())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
