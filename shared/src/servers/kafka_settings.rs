//! The settings of Kafka as they are given, under librdkafka's names, and which of them go together.

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};
use secrecy::SecretString;

use super::{
    Kafka, Mechanism, Protocol,
    kafka::{ClientCertificate, Sasl},
    secret, set,
};

/// Where the brokers are, and how they are spoken to.
#[derive(Args)]
#[group(skip)]
pub(super) struct Given {
    /// Kafka brokers, comma-separated host:port.
    #[arg(long, env = "KAFKA_BOOTSTRAP_SERVERS", default_value = "localhost:9092")]
    kafka: String,
    /// How the brokers are spoken to: in the clear or over TLS (ssl), with or without a user (sasl).
    #[arg(long = "kafka-security-protocol", env = "KAFKA_SECURITY_PROTOCOL", value_enum, ignore_case = true)]
    #[arg(default_value_t = Protocol::Plaintext)]
    security_protocol: Protocol,
    /// How the user proves the password: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    #[arg(long = "kafka-sasl-mechanism", env = "KAFKA_SASL_MECHANISM")]
    sasl_mechanism: Option<String>,
    /// The user, or the API key.
    #[arg(long = "kafka-sasl-username", env = "KAFKA_SASL_USERNAME")]
    sasl_username: Option<String>,
    /// The user's password, or the API key's secret.
    #[arg(long = "kafka-sasl-password", env = "KAFKA_SASL_PASSWORD", hide_env_values = true)]
    sasl_password: Option<SecretString>,
    /// A file that holds the password.
    #[arg(long = "kafka-sasl-password-file", env = "KAFKA_SASL_PASSWORD_FILE")]
    sasl_password_file: Option<String>,
    /// Certificates (PEM) of those who may have signed the brokers' [default: those the system trusts]
    #[arg(long = "kafka-ssl-ca-location", env = "KAFKA_SSL_CA_LOCATION")]
    ssl_ca_location: Option<String>,
    /// A certificate (PEM) of one's own, where the brokers ask for one.
    #[arg(long = "kafka-ssl-certificate-location", env = "KAFKA_SSL_CERTIFICATE_LOCATION")]
    ssl_certificate_location: Option<String>,
    /// The private key (PEM) of that certificate.
    #[arg(long = "kafka-ssl-key-location", env = "KAFKA_SSL_KEY_LOCATION")]
    ssl_key_location: Option<String>,
}

impl Given {
    pub(super) fn check(self) -> Result<Kafka> {
        let protocol = self.security_protocol;
        let ca = file("KAFKA_SSL_CA_LOCATION", self.ssl_ca_location)?;
        let certificate = file("KAFKA_SSL_CERTIFICATE_LOCATION", self.ssl_certificate_location)?;
        let key = file("KAFKA_SSL_KEY_LOCATION", self.ssl_key_location)?;
        let certificate = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            (Some(_), None) => bail!("KAFKA_SSL_CERTIFICATE_LOCATION needs KAFKA_SSL_KEY_LOCATION"),
            (None, Some(_)) => bail!("KAFKA_SSL_KEY_LOCATION needs KAFKA_SSL_CERTIFICATE_LOCATION"),
        };
        // Whoever gives a certificate means to speak TLS: never fall back to the clear.
        let has_tls_settings = ca.is_some() || certificate.is_some();
        ensure!(
            protocol.is_encrypted() || !has_tls_settings,
            "KAFKA_SSL_… is set, but KAFKA_SECURITY_PROTOCOL={protocol} is without TLS; use ssl or sasl_ssl"
        );
        let password = secret::of("KAFKA_SASL_PASSWORD", self.sasl_password, self.sasl_password_file)?;
        let sasl = sasl(protocol, mechanism(self.sasl_mechanism)?, set(self.sasl_username), password)?;
        Ok(Kafka { bootstrap: self.kafka, protocol, sasl, ca, certificate })
    }
}

fn sasl(
    protocol: Protocol,
    mechanism: Option<Mechanism>,
    user: Option<String>,
    password: Option<SecretString>,
) -> Result<Option<Sasl>> {
    if !protocol.has_user() {
        ensure!(
            mechanism.is_none() && user.is_none() && password.is_none(),
            "KAFKA_SASL_… is set, but KAFKA_SECURITY_PROTOCOL={protocol} is without a user; use sasl_ssl or sasl_plaintext"
        );
        return Ok(None);
    }
    let missing = |variable: &str| {
        anyhow::anyhow!("KAFKA_SECURITY_PROTOCOL={protocol} needs {variable}, which is not set")
    };
    Ok(Some(Sasl {
        mechanism: mechanism.ok_or_else(|| missing("KAFKA_SASL_MECHANISM"))?,
        user: user.ok_or_else(|| missing("KAFKA_SASL_USERNAME"))?,
        password: password.ok_or_else(|| missing("KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE"))?,
    }))
}

/// Not read as an enumeration, so that an empty variable can mean none.
fn mechanism(name: Option<String>) -> Result<Option<Mechanism>> {
    let Some(name) = set(name) else { return Ok(None) };
    let found = Mechanism::from_str(&name, true);
    found.map(Some).map_err(|_| {
        anyhow::anyhow!("KAFKA_SASL_MECHANISM={name} is none of PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512")
    })
}

fn file(variable: &str, path: Option<String>) -> Result<Option<String>> {
    let path = set(path);
    if let Some(path) = &path {
        ensure!(std::path::Path::new(path).exists(), "{variable}: there is no {path}");
    }
    Ok(path)
}
