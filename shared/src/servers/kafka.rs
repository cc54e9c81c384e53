//! The brokers, and how they are spoken to.

use std::fmt;

use clap::ValueEnum;
use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};

/// Kafka's `security.protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Protocol {
    /// In the clear, for a private network.
    Plaintext,
    /// TLS; who asks is told by a certificate, if at all.
    Ssl,
    /// A user and password in the clear.
    SaslPlaintext,
    /// A user and password over TLS.
    SaslSsl,
}

/// Kafka's `sasl.mechanism`, as far as a user and a password suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mechanism {
    /// The password itself (RFC 4616).
    #[value(name = "PLAIN")]
    Plain,
    /// A proof of it (RFC 7677).
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    /// The same with SHA-512.
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
}

/// The brokers, and how they are spoken to. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// Comma-separated host:port.
    pub bootstrap: String,
    pub(super) protocol: Protocol,
    pub(super) sasl: Option<Sasl>,
    pub(super) ca: Option<String>,
    pub(super) certificate: Option<ClientCertificate>,
}

/// A user and how the password is proved.
#[derive(Debug, Clone)]
pub(super) struct Sasl {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: SecretString,
}

/// Files of a certificate of one's own.
#[derive(Debug, Clone)]
pub(super) struct ClientCertificate {
    pub certificate: String,
    pub key: String,
}

impl Kafka {
    /// Brokers that are spoken to in the clear and ask for nobody's name.
    #[must_use]
    pub fn plaintext(bootstrap: impl Into<String>) -> Self {
        let bootstrap = bootstrap.into();
        Self { bootstrap, protocol: Protocol::Plaintext, sasl: None, ca: None, certificate: None }
    }

    /// Brokers that are spoken to over TLS, as a user who proves the password by SCRAM-SHA-512; their certificate is
    /// signed by one in the file `ca`, else by one the system trusts.
    #[must_use]
    pub fn guarded(bootstrap: &str, user: &str, password: SecretString, ca: Option<String>) -> Self {
        let sasl = Sasl { mechanism: Mechanism::ScramSha512, user: user.to_owned(), password };
        let (protocol, sasl) = (Protocol::SaslSsl, Some(sasl));
        Self { bootstrap: bootstrap.to_owned(), protocol, sasl, ca, certificate: None }
    }

    /// What every Kafka client begins with. `client` is the name it gives of itself.
    #[must_use]
    pub fn client_config(&self, client: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("client.id", client);
        config.set("security.protocol", self.protocol.to_string());
        if self.protocol.is_encrypted() {
            // The library is linked statically and does not know where this system keeps what it trusts.
            config.set("ssl.ca.location", self.ca.as_deref().unwrap_or("probe"));
        }
        if let Some(own) = &self.certificate {
            config.set("ssl.certificate.location", &own.certificate).set("ssl.key.location", &own.key);
        }
        if let Some(sasl) = &self.sasl {
            config.set("sasl.mechanism", name(sasl.mechanism)).set("sasl.username", &sasl.user);
            config.set("sasl.password", sasl.password.expose_secret());
        }
        config
    }

    /// Whether its listener speaks TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.protocol.is_encrypted()
    }

    /// How the brokers are spoken to, for people: `SASL_SSL (SCRAM-SHA-512)`.
    #[must_use]
    pub fn way(&self) -> String {
        let protocol = self.protocol.to_string().to_uppercase();
        match &self.sasl {
            Some(sasl) => format!("{protocol} ({})", name(sasl.mechanism)),
            None => protocol,
        }
    }

    /// The variables that say all this to another process, also those that are not set: it may have inherited others.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let sasl = self.sasl.as_ref();
        let own = self.certificate.as_ref();
        let text = |value: Option<&String>| value.cloned().unwrap_or_default();
        let mut variables = vec![
            ("KAFKA_BOOTSTRAP_SERVERS", self.bootstrap.clone()),
            ("KAFKA_SECURITY_PROTOCOL", self.protocol.to_string()),
            ("KAFKA_SASL_USERNAME", text(sasl.map(|sasl| &sasl.user))),
            (
                "KAFKA_SASL_PASSWORD",
                sasl.map(|sasl| sasl.password.expose_secret().to_owned()).unwrap_or_default(),
            ),
            ("KAFKA_SASL_PASSWORD_FILE", String::new()),
            ("KAFKA_SSL_CA_LOCATION", text(self.ca.as_ref())),
            ("KAFKA_SSL_CERTIFICATE_LOCATION", text(own.map(|own| &own.certificate))),
            ("KAFKA_SSL_KEY_LOCATION", text(own.map(|own| &own.key))),
        ];
        variables.push(("KAFKA_SASL_MECHANISM", sasl.map(|sasl| name(sasl.mechanism)).unwrap_or_default()));
        variables
    }
}

impl Protocol {
    /// Whether it is over TLS.
    pub(super) fn is_encrypted(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Whether it has a user and a password.
    pub(super) fn has_user(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(*self))
    }
}

/// As the setting takes it, which is as Kafka does.
fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
