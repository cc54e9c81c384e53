//! A first look at a cluster: what it is, or why it cannot be reached.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

use super::Advice;

/// How often a client that cannot connect is asked why, while there is patience left.
const TURN: Duration = Duration::from_millis(50);

const CUT_OFF: &str =
    "Kafka ends the connection at once: it may want TLS or a user at this port; see KAFKA_SECURITY_PROTOCOL";

/// What a cluster says of itself.
#[derive(Debug)]
pub struct Cluster {
    /// Its id.
    pub id: String,
    /// How many brokers it has.
    pub brokers: usize,
    /// Its topics, by their names there.
    pub topics: Vec<String>,
}

impl Cluster {
    /// Asks the cluster that `config` leads to. Blocks for at most `patience`, or twice that.
    ///
    /// # Errors
    /// When it cannot be reached, with [`Advice`] where the cause is known.
    pub fn look(config: &ClientConfig, patience: Duration) -> Result<Self> {
        let client: BaseConsumer<Complaints> = config.create_with_context(Complaints::default())?;
        let deadline = Instant::now() + patience;
        let metadata = loop {
            let left = deadline.saturating_duration_since(Instant::now()).min(10 * TURN).max(TURN);
            let failure = match client.fetch_metadata(None, left) {
                Ok(metadata) => break metadata,
                Err(failure) => failure,
            };
            let _ = client.poll(TURN); // hands the client's complaints over; there is nothing else to come
            if let Some(advice) = client.context().advice() {
                return Err(advice.into());
            }
            if Instant::now() > deadline {
                return Err(client.context().why(failure));
            }
        };
        let id = client
            .client()
            .fetch_cluster_id(patience)
            .context("the broker does not tell its cluster's id")?;
        let topics = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
        Ok(Self { id, brokers: metadata.brokers().len(), topics })
    }
}

/// What the client complained of. The metadata request itself only says that no broker was there.
#[derive(Default)]
struct Complaints(Mutex<Vec<(RDKafkaErrorCode, String)>>);

impl ClientContext for Complaints {
    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((code, reason.to_owned()));
    }

    /// The same once more: whoever asked says what went wrong.
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ConsumerContext for Complaints {}

impl Complaints {
    fn advice(&self) -> Option<Advice> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().find_map(|(code, reason)| Some(Advice::new(what_to_do(*code, reason)?, reason)))
    }

    /// The first complaint says most: later ones only that all brokers are down. A broker that ends the connection for
    /// want of TLS or a user leaves the client with nothing else to say.
    fn why(&self, failure: KafkaError) -> anyhow::Error {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match said.iter().find(|(code, _)| *code != RDKafkaErrorCode::AllBrokersDown) {
            Some((_, reason)) => anyhow::anyhow!("{reason}"),
            None if said.is_empty() => anyhow::Error::from(failure).context("does not answer"),
            None => Advice::new(CUT_OFF, &failure.to_string()).into(),
        }
    }
}

/// By librdkafka's words (`rdkafka_broker.c`, `rdkafka_ssl.c`, `rdkafka_sasl.c`), which are all it tells.
fn what_to_do(code: RDKafkaErrorCode, reason: &str) -> Option<&'static str> {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    Some(match code {
        _ if has(&["mechanism handshake failed", "Unsupported SASL mechanism"]) => {
            "Kafka does not take this KAFKA_SASL_MECHANISM"
        }
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
            "Kafka refuses the credentials: check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM"
        }
        _ if has(&["mismatch"]) => {
            "the broker's certificate is for another name than the one in KAFKA_BOOTSTRAP_SERVERS, or than the broker gives of itself"
        }
        _ if has(&["certificate required", "bad certificate", "handshake failure"]) => {
            "the broker does not take our certificate, or asks for one: see KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION"
        }
        _ if has(&["certificate verify failed", "could not be verified"]) => {
            "the broker's certificate is signed by nobody who is trusted here: name the signer's certificate in KAFKA_SSL_CA_LOCATION"
        }
        _ if has(&["PLAINTEXT broker listener", "wrong version number", "packet length too long"]) => {
            "the broker speaks no TLS at this port: use its TLS port, or another KAFKA_SECURITY_PROTOCOL"
        }
        _ => return None,
    })
}
