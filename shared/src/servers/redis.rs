//! Redis, and how it is spoken to.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use redis::{Client, RedisError, TlsCertificates};
use secrecy::{ExposeSecret, SecretString};

use super::{Advice, set};

const TLS: &str = "rediss://";

/// Where Redis is.
#[derive(Args)]
#[group(skip)]
pub(super) struct Given {
    /// Redis, as redis://[user:password@]host:port[/db], or rediss:// over TLS.
    #[arg(long, env = "REDIS_URL", default_value = "redis://localhost:6379", hide_env_values = true)]
    redis: SecretString,
    /// Certificates (PEM) of those who may have signed Redis's [default: those the system trusts]
    #[arg(long = "redis-ca-file", env = "REDIS_CA_FILE")]
    redis_ca_file: Option<String>,
}

/// Redis, and how it is spoken to. `Debug` shows no secret.
#[derive(Clone)]
pub struct Redis {
    url: SecretString,
    ca: Option<String>,
    client: Client,
}

impl Given {
    pub(super) fn check(self) -> Result<Redis> {
        Redis::at(self.redis, set(self.redis_ca_file))
    }
}

impl Redis {
    /// Redis at this URL; over TLS, its certificate is signed by one in the file `ca`, else by one the system trusts.
    ///
    /// # Errors
    /// When the URL is none of Redis, or the file cannot be read.
    pub fn at(url: impl Into<SecretString>, ca: Option<String>) -> Result<Self> {
        let url = url.into();
        let shown = url.expose_secret();
        // `#insecure` would accept every certificate.
        ensure!(!shown.contains('#'), "REDIS_URL: nothing may follow a #");
        // The library's own words may quote the URL, and the URL may hold a password.
        let wrong = |_| {
            anyhow::anyhow!("REDIS_URL is not a Redis address: redis[s]://[user:password@]host:port[/db]")
        };
        let client = match &ca {
            Some(_) if !shown.starts_with(TLS) => {
                bail!("REDIS_CA_FILE is set, but REDIS_URL is without TLS: it does not begin with {TLS}")
            }
            Some(file) => {
                let root = std::fs::read(file).with_context(|| format!("REDIS_CA_FILE: reading {file}"))?;
                let trusted = TlsCertificates { client_tls: None, root_cert: Some(root) };
                let plain = Client::open(shown).map_err(wrong)?;
                Client::build_with_tls(plain.get_connection_info().clone(), trusted)
                    .with_context(|| format!("REDIS_CA_FILE: {file}"))?
            }
            None => Client::open(shown).map_err(wrong)?,
        };
        Ok(Self { client, url, ca })
    }

    /// A client; connects when it is used.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// As `REDIS_URL` takes it.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// How it is spoken to, for people.
    #[must_use]
    pub fn way(&self) -> &'static str {
        if self.url.expose_secret().starts_with(TLS) { "TLS" } else { "plain TCP" }
    }

    /// The variables that say all this to another process, also those that are not set: it may have inherited others.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("REDIS_URL", self.url.expose_secret().to_owned()),
            ("REDIS_CA_FILE", self.ca.clone().unwrap_or_default()),
        ]
    }

    /// What went wrong in words that tell what to do, where that is known.
    #[must_use]
    pub fn explain(&self, error: RedisError) -> anyhow::Error {
        let said = error.to_string();
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let advice = if has(&["WRONGPASS", "NOAUTH", "AuthenticationFailed", "authentication failed"]) {
            "Redis refuses the credentials: check user and password in REDIS_URL"
        } else if has(&["UnknownIssuer", "CaUsedAsEndEntity"]) {
            "Redis's certificate is signed by nobody who is trusted here: name the signer's certificate in REDIS_CA_FILE"
        } else if has(&["NotValidForName"]) {
            "Redis's certificate is for another name than the host in REDIS_URL"
        } else if has(&["InvalidContentType", "corrupt message"]) {
            "Redis speaks no TLS at this port: use its TLS port, or redis:// in REDIS_URL"
        } else if self.way() != "TLS"
            && has(&["end of file", "unexpected response", "invalid utf-8", "closed", "reset by peer"])
        {
            "Redis ends the connection at once: it may want TLS at this port; use rediss:// in REDIS_URL"
        } else {
            return anyhow::Error::from(error).context("does not answer");
        };
        Advice::new(advice, &said).into()
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("way", &self.way()).field("ca", &self.ca).finish_non_exhaustive()
    }
}
