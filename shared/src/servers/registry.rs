//! The schema registry, and as whom it is asked.

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{secret, set};
use crate::registry::{Registry, User};

const USER_INFO: &str = "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO";

/// Where the registry is.
#[derive(Args)]
#[group(skip)]
pub(super) struct Given {
    /// Schema registry with Confluent's API, http or https.
    #[arg(
        long,
        env = "SCHEMA_REGISTRY_URL",
        default_value = "http://localhost:8081",
        hide_env_values = true
    )]
    registry: String,
    /// As whom the registry is asked, as user:password.
    #[arg(long = "registry-user-info", env = "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", hide_env_values = true)]
    registry_user_info: Option<SecretString>,
    /// A file that holds user:password.
    #[arg(long = "registry-user-info-file", env = "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO_FILE")]
    registry_user_info_file: Option<String>,
}

/// The schema registry, and as whom it is asked. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct SchemaRegistry {
    /// Up to and without `/subjects`; never with credentials.
    pub url: String,
    user: Option<User>,
}

impl Given {
    pub(super) fn check(self) -> Result<SchemaRegistry> {
        let info = secret::of(USER_INFO, self.registry_user_info, set(self.registry_user_info_file))?;
        SchemaRegistry::at(&self.registry, info)
    }
}

impl SchemaRegistry {
    /// The registry at this URL, asked as `user:password`.
    ///
    /// # Errors
    /// When the URL is none, or holds credentials: it is logged.
    pub fn at(url: &str, user_info: Option<SecretString>) -> Result<Self> {
        // Neither message quotes the URL.
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let parsed = parsed.ok_or_else(|| anyhow!("SCHEMA_REGISTRY_URL is not an http or https URL"))?;
        ensure!(
            parsed.username().is_empty() && parsed.password().is_none(),
            "SCHEMA_REGISTRY_URL holds credentials, and URLs are logged: put them into {USER_INFO}"
        );
        let user = user_info.map(|info| {
            let (name, password) = info.expose_secret().split_once(':')?;
            Some(User { name: name.to_owned(), password: password.into() })
        });
        let user = match user {
            Some(user) => Some(user.ok_or_else(|| anyhow!("{USER_INFO} is not user:password"))?),
            None => None,
        };
        Ok(Self { url: url.trim_end_matches('/').to_owned(), user })
    }

    /// A client.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn client(&self) -> Result<Registry> {
        Registry::new(&self.url).map(|registry| registry.asked_by(self.user.clone()))
    }

    /// How it is spoken to, for people.
    #[must_use]
    pub fn way(&self) -> String {
        let scheme = self.url.split(':').next().unwrap_or_default();
        let user = if self.user.is_some() { " as a user" } else { "" };
        format!("{scheme}{user}")
    }

    /// The variables that say all this to another process, also those that are not set: it may have inherited others.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let info = |user: &User| format!("{}:{}", user.name, user.password.expose_secret());
        vec![
            ("SCHEMA_REGISTRY_URL", self.url.clone()),
            (USER_INFO, self.user.as_ref().map(info).unwrap_or_default()),
            ("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO_FILE", String::new()),
        ]
    }
}
