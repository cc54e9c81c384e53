use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::get,
};
use clap::{CommandFactory, FromArgMatches, builder::Resettable};
use rdkafka::ClientConfig;
use rstest::rstest;

use super::{Alone, SchemaRegistry, Servers, in_one_line};

const USER: [&str; 6] = [
    "--kafka-sasl-mechanism",
    "SCRAM-SHA-512",
    "--kafka-sasl-username",
    "shop",
    "--kafka-sasl-password",
    "hush",
];

fn read(arguments: &[&str]) -> Result<Servers, String> {
    // Whatever variables this process has.
    let command = Alone::command().mut_args(|argument| argument.env(Resettable::Reset));
    let matches = command.try_get_matches_from(["orderflow"].iter().chain(arguments));
    let read = matches.and_then(|matches| Alone::from_arg_matches(&matches));
    read.map(|read| read.servers).map_err(|error| in_one_line(error).to_string())
}

fn kafka(arguments: &[&str]) -> ClientConfig {
    read(arguments).unwrap().kafka.client_config("me")
}

#[test]
fn nothing_said_means_in_the_clear_and_without_a_user() {
    let config = kafka(&[]);
    assert_eq!(config.get("bootstrap.servers"), Some("localhost:9092"));
    assert_eq!(config.get("security.protocol"), Some("plaintext"));
    assert_eq!((config.get("sasl.password"), config.get("ssl.ca.location")), (None, None));
}

#[test]
fn a_user_over_tls_is_what_librdkafka_is_told() {
    let config = kafka(&[&["--kafka-security-protocol", "SASL_SSL"][..], &USER].concat());
    let said = ["security.protocol", "sasl.mechanism", "sasl.username", "sasl.password", "ssl.ca.location"];
    let said = said.map(|name| config.get(name).unwrap());
    assert_eq!(said, ["sasl_ssl", "SCRAM-SHA-512", "shop", "hush", "probe"]);
    config.create::<rdkafka::consumer::BaseConsumer>().unwrap();
}

#[test]
fn a_password_may_stand_in_a_file_and_its_line_end_is_not_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "from a file\n").unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["--kafka-security-protocol", "sasl_plaintext", "--kafka-sasl-password-file", file];
    let config = kafka(&[&arguments[..], &USER[..4]].concat());
    assert_eq!(config.get("sasl.password"), Some("from a file"));
    let both = read(&[&arguments[..], &USER].concat()).unwrap_err();
    assert!(both.contains("both KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE"), "{both}");
}

#[rstest]
#[case::no_user(&["--kafka-security-protocol", "sasl_ssl", "--kafka-sasl-mechanism", "PLAIN"], "KAFKA_SASL_USERNAME")]
#[case::no_mechanism(&["--kafka-security-protocol", "sasl_ssl", "--kafka-sasl-username", "u"], "KAFKA_SASL_MECHANISM")]
#[case::no_password(
    &["--kafka-security-protocol", "sasl_ssl", "--kafka-sasl-mechanism", "PLAIN", "--kafka-sasl-username", "u"],
    "KAFKA_SASL_PASSWORD"
)]
#[case::user_in_the_clear(&["--kafka-sasl-username", "u"], "KAFKA_SECURITY_PROTOCOL=plaintext")]
#[case::ca_without_tls(&["--kafka-ssl-ca-location", "/"], "KAFKA_SECURITY_PROTOCOL=plaintext")]
#[case::no_such_ca(&["--kafka-security-protocol", "ssl", "--kafka-ssl-ca-location", "/no/file"], "/no/file")]
#[case::half_a_certificate(
    &["--kafka-security-protocol", "ssl", "--kafka-ssl-certificate-location", "/"],
    "KAFKA_SSL_KEY_LOCATION"
)]
#[case::foreign_protocol(&["--kafka-security-protocol", "tls"], "sasl_ssl")]
#[case::kerberos(&["--kafka-sasl-mechanism", "GSSAPI"], "SCRAM-SHA-512")]
#[case::no_redis(&["--redis", "http://user:hush@redis"], "REDIS_URL is not")]
#[case::unchecked_redis(&["--redis", "rediss://redis:6379/#insecure"], "REDIS_URL")]
#[case::ca_without_redis_tls(&["--redis-ca-file", "/no/file"], "rediss://")]
#[case::no_registry(&["--registry", "registry:8081"], "SCHEMA_REGISTRY_URL is not")]
#[case::user_in_the_registrys_url(
    &["--registry", "https://key:hush@registry"],
    "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"
)]
#[case::no_user_info(&["--registry-user-info", "hush"], "user:password")]
fn what_cannot_work_is_refused_by_name_and_without_its_secret(#[case] given: &[&str], #[case] named: &str) {
    let error = read(given).unwrap_err();
    assert!(error.contains(named), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn an_empty_setting_is_one_that_is_not_made() {
    let empty = [
        "--kafka-sasl-mechanism=",
        "--kafka-sasl-username=",
        "--kafka-sasl-password=",
        "--kafka-ssl-ca-location=",
        "--redis-ca-file=",
    ];
    let servers = read(&[&empty[..], &["--registry-user-info="]].concat()).unwrap();
    assert_eq!((servers.kafka.way().as_str(), servers.registry.way().as_str()), ("PLAINTEXT", "http"));
}

#[test]
fn another_process_is_told_the_same_and_nothing_more() {
    let tls = ["--kafka-security-protocol", "sasl_ssl", "--registry-user-info", "key:hush"];
    let servers = read(&[&tls[..], &USER].concat()).unwrap();
    let told = servers.variables();
    let value = |name: &str| told.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("KAFKA_SECURITY_PROTOCOL"), Some("sasl_ssl"));
    assert_eq!(value("KAFKA_SASL_PASSWORD"), Some("hush"));
    assert_eq!(value("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"), Some("key:hush"));
    // What this process inherited must not reach the other beside it.
    assert_eq!((value("KAFKA_SASL_PASSWORD_FILE"), value("KAFKA_SSL_CA_LOCATION")), (Some(""), Some("")));
    let plain = super::Kafka::plaintext("k:9092").variables();
    assert!(plain.contains(&("KAFKA_SASL_PASSWORD", String::new())));
}

#[test]
fn debug_shows_no_secret() {
    let tls = ["--kafka-security-protocol", "sasl_ssl", "--registry-user-info", "key:hush"];
    let servers = read(&[&tls[..], &USER, &["--redis", "rediss://u:hush@redis"]].concat()).unwrap();
    let shown = format!("{servers:?} {:?}", servers.kafka.client_config("me"));
    assert!(!shown.contains("hush"), "{shown}");
}

#[tokio::test]
async fn the_registry_is_asked_as_its_user_and_a_refusal_names_the_setting() {
    // RFC 7617: base64 of `key:hush`.
    let answer = async |headers: HeaderMap| {
        let is_known = headers.get(AUTHORIZATION).is_some_and(|value| value == "Basic a2V5Omh1c2g=");
        if is_known { (StatusCode::OK, r#"["a-subject"]"#) } else { (StatusCode::UNAUTHORIZED, "who?") }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = axum::serve(listener, Router::new().route("/subjects", get(answer)));
    let asking = async |info: Option<&str>| {
        let registry = SchemaRegistry::at(&url, info.map(Into::into)).unwrap();
        registry.client().unwrap().subjects().await.map_err(|error| format!("{error:#}"))
    };
    let asking_all =
        async { (asking(Some("key:hush")).await, asking(Some("key:wrong")).await, asking(None).await) };
    let (known, wrong, nobody) = tokio::select! {
        answers = asking_all => answers,
        _ = server.into_future() => unreachable!("it serves until it is dropped"),
    };
    assert_eq!(known.unwrap(), ["a-subject"]);
    for refused in [wrong.unwrap_err(), nobody.unwrap_err()] {
        assert!(refused.contains("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"), "{refused}");
        assert!(!refused.contains("wrong"), "{refused}");
    }
}
